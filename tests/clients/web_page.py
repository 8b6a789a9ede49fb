"""The web app in a window of Chromium, used by what can be seen, by keys and by the pointer."""

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

from changes.browser import PAGE_TIMEOUT, Browser, CommandError, Window

KEYS: Final = {
    "Enter": 13, "Escape": 27, "Tab": 9, "Space": 32, "Delete": 46, "End": 35, "Home": 36,
    "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39,
}  # fmt: skip
ALT: Final = 1
CTRL: Final = 2
TITLES: Final = "[...document.querySelectorAll('.tasks .title > .text')].map((one) => one.textContent)"
ROWS: Final = "[...document.querySelectorAll('.tasks li')]"
RECORD: Final = """
window.problems = [];
addEventListener("securitypolicyviolation", ({ violatedDirective }) => problems.push(violatedDirective));
addEventListener("error", ({ message }) => problems.push(message));
addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
"""
"""A page keeps what goes wrong in it."""

REMIND: Final = "document.querySelector('[aria-label=\"Add a reminder\"]')"
CHOOSE: Final = (
    "(({{ field, index }}) => {{ field.selectedIndex = index; field.dispatchEvent(new Event('change')); }})"
    "({{ field: {field}, index: {index} }})"
)
"""Chooses a value of a field with a list of them, by its place."""

LONG_TASKS: Final = """
window.longTasks = [];
new PerformanceObserver((list) => longTasks.push(...list.getEntries())).observe({ type: "longtask" });
"""
JUMPS: Final = 60
SCROLL: Final = f"""
(async () => {{
  const begin = performance.now();
  const scroller = document.querySelector(".scroll");
  for (let jump = 0; jump < {JUMPS}; jump += 1) {{
    scroller.scrollTop = (jump % 30) * 15_000 + jump * 37;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }}
  await new Promise((resolve) => setTimeout(resolve, 50));
  // A task is reported after it has ended.
  const during = longTasks.filter(({{ startTime }}) => startTime >= begin);
  const longest = Math.max(0, ...during.map(({{ duration }}) => duration));
  return [longest, document.querySelectorAll(".tasks li").length];
}})()
"""
"""Scrolls back and forth through everything; returns the milliseconds of the longest task of 50 or more."""


def _row(title: str) -> str:
    """Returns the expression of the row of a task."""
    return f"{ROWS}.find((one) => one.innerText.includes({json.dumps(title)}))"


class WebApp:
    """A window with the web app."""

    def __init__(self, window: Window) -> None:
        self.window = window

    async def run(self, script: str) -> Any:
        return await self.window.run(script)

    async def until(self, condition: str) -> None:
        await self.window.until(condition)

    async def reload(self) -> None:
        """Reloads the page once no change is being stored, and waits until it shows something."""
        await self.until("dispatchEvent(new Event('beforeunload', { cancelable: true }))")
        await self.run("window.isOld = true")
        await self.window.ask("Page.reload")
        await self.until("!window.isOld && document.querySelector('.app') !== null")

    async def go_offline(self) -> None:
        """Turns the network off, and waits until the page says so."""
        await self.window.cut_off(offline=True)
        await self.says("Offline", ".status")

    async def go_online(self) -> None:
        """Turns the network on again, which the browser tells the page."""
        await self.window.cut_off(offline=False)
        await self.run("dispatchEvent(new Event('online'))")

    async def stays(self) -> None:
        """Tries to reload the page, which asks whether to leave it, and stays."""
        await self.window.ask("Page.reload")
        async with asyncio.timeout(PAGE_TIMEOUT):
            while not await self._answers(accept=False):  # noqa: ASYNC110 - a question is not announced
                await asyncio.sleep(0.02)

    async def leaves(self) -> None:
        """Agrees to leave the page, which asks because a text is being edited."""
        async with asyncio.timeout(PAGE_TIMEOUT):
            while not await self._answers(accept=True):  # noqa: ASYNC110 - a question is not announced
                await asyncio.sleep(0.02)

    async def _answers(self, *, accept: bool) -> bool:
        with suppress(CommandError):  # no question is shown yet
            await self.window.ask("Page.handleJavaScriptDialog", accept=accept)
            return True
        return False

    async def titles(self) -> list[str]:
        """Returns the titles of the tasks that are shown, from top to bottom."""
        shown: list[str] = await self.run(TITLES)
        return shown

    async def shows(self, *titles: str) -> None:
        """Waits until exactly these tasks are shown, in this order."""
        await self.until(f"JSON.stringify({TITLES}) === JSON.stringify({json.dumps(titles)})")

    async def says(self, text: str, selector: str = "body") -> None:
        """Waits until a text is shown."""
        shown = f"document.querySelector({selector!r})?.innerText.replace(/\\s+/g, ' ')"
        await self.until(f"{shown}.includes({json.dumps(text)})")

    async def click(self, name: str, within: str = "body") -> None:
        """Clicks the button, link or field of that name."""
        await self._do("one.click()", name, within)

    async def click_twice(self, name: str, within: str = "body") -> None:
        """Clicks twice, as with a double click, before the page has an answer to the first one."""
        await self._do("one.click(), one.click()", name, within)

    async def _do(self, action: str, name: str, within: str) -> None:
        found = (
            f"[...(document.querySelector({within!r})?.querySelectorAll('button, a') ?? [])].find((one) => "
            "!one.closest('[inert]') && [one.ariaLabel, one.innerText.replace(/\\s+/g, ' ').trim()]"
            f".includes({json.dumps(name)}))"
        )
        await self.until(f"((one) => one !== undefined && ({action}, true))({found})")

    async def fill(self, selector: str, value: str) -> None:
        """Sets a field as a person does who then leaves it."""
        await self.until(f"document.querySelector({selector!r}) !== null")
        await self.run(
            f"(() => {{ const field = document.querySelector({selector!r}); field.focus();"
            f" field.value = {json.dumps(value)};"
            " field.dispatchEvent(new Event('input', { bubbles: true }));"
            " field.dispatchEvent(new Event('change', { bubbles: true })); field.blur(); })()"
        )

    async def type(self, selector: str, text: str) -> None:
        """Types a text into a field, and then Enter."""
        await self.until(f"document.querySelector({selector!r}) !== null")
        await self.run(f"document.querySelector({selector!r}).focus()")
        await self.window.ask("Input.insertText", text=text)
        await self.press("Enter")

    async def add(self, *titles: str) -> None:
        for title in titles:
            await self.type(".add input", title)
            await self.until(f"{TITLES}.includes({json.dumps(title)})")

    async def focus(self, title: str, control: str = "title") -> None:
        """Gives the focus to a control of a task's row."""
        control = f"{_row(title)}?.querySelector('[data-control=\"{control}\"]')"
        await self.until(f"((one) => one != null && (one.focus(), true))({control})")

    async def open(self, title: str) -> None:
        """Opens the details of a task."""
        await self.focus(title)
        await self.press("Enter")
        await self.until(f"document.querySelector('.details .title textarea')?.value === {json.dumps(title)}")

    async def set_due_today(self, title: str) -> None:
        """Sets the due date of a task in its details, which stay open."""
        await self.open(title)
        await self.until("document.querySelector('.details input[type=date]') !== null")
        await self.fill(".details input[type=date]", await self.run("new Date().toLocaleDateString('sv')"))

    async def press(self, key: str, modifiers: int = 0) -> None:
        """Presses a key."""
        text = {"Enter": "\r", "Space": " "}.get(key)
        values = {
            "key": " " if key == "Space" else key,
            "code": key,
            "windowsVirtualKeyCode": KEYS.get(key, 0),
            "modifiers": modifiers,
        }
        await self.window.ask(
            "Input.dispatchKeyEvent", type="keyDown", **values, **({"text": text} if text else {})
        )
        await self.window.ask("Input.dispatchKeyEvent", type="keyUp", **values)

    async def check(self, title: str) -> None:
        """Completes a task, by the check box of its row, and waits until that is kept on the device."""
        box = f"{_row(title)}?.querySelector('input:not(:checked)')"
        await self.until(f"((one) => one != null && (one.click(), true))({box})")
        await self.says(f"Completed: {title}", ".toast")

    async def unfold(self) -> None:
        """Shows the completed tasks."""
        fold = "document.querySelector('.fold[aria-expanded=\"false\"]')"
        await self.until(f"((one) => one !== null && (one.click(), true))({fold})")

    async def choose(self, name: str, value: str) -> None:
        """Chooses a value of a field with a list of them."""
        field = (
            f"[...document.querySelectorAll('label.field')].find((one) => one.innerText.startsWith({name!r}))"
        )
        await self.until(f"{field} != null")
        await self.run(
            f"((field) => {{ field.value = {value!r}; field.dispatchEvent(new Event('change')); }})"
            f"({field}.querySelector('select'))"
        )

    async def drag(self, title: str, *, below: str = "", right: int = 0, onto: str = "") -> None:
        """Drags a task by its handle, to below another one or onto an element."""
        grip = f"{_row(title)}?.querySelector('.grip')"
        target = f"document.querySelector({onto!r})" if onto else _row(below)
        await self.until(f"[{grip}, {target}].every((one) => one != null)")
        box = "(({ x, y, width, height }) => [x, y, width, height])(%s.getBoundingClientRect())"
        x, y, width, height = await self.run(box % grip)
        to_x, to_y, to_width, size = await self.run(box % target)
        start = (x + width / 2, y + height / 2)
        end = (to_x + to_width / 2 if onto else start[0] + right, to_y + size * 0.8)
        await self._mouse("mousePressed", *start)
        for part in (0.3, 0.7, 1.0):
            between = (begin + (last - begin) * part for begin, last in zip(start, end, strict=True))
            await self._mouse("mouseMoved", *between)
        await self._mouse("mouseReleased", *end)

    async def _mouse(self, kind: str, x: float, y: float) -> None:
        pressed = {"button": "left", "buttons": 0 if kind == "mouseReleased" else 1, "clickCount": 1}
        await self.window.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    async def cpu_seconds(self) -> float:
        """Returns the CPU time that the page has used since this was first asked."""
        await self.window.ask("Performance.enable", timeDomain="threadTicks")
        metrics = (await self.window.ask("Performance.getMetrics"))["metrics"]
        return float(sum(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    async def problems(self) -> list[str]:
        """Returns what went wrong in the page since it was loaded."""
        found: list[str] = await self.run("problems")
        return found


async def open_web_app(
    browser: Browser, url: str, *, beside: WebApp | None = None, script: str = ""
) -> WebApp:
    """Opens the web app in a browser that knows nothing, or in another window of the same one."""
    window = await browser.window(f"{url}/", beside=beside.window if beside else None, script=RECORD + script)
    await window.until("document.querySelector('.app') !== null")
    return WebApp(window)
