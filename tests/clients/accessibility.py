"""Rules of accessibility that a page of the web app breaks, as axe-core finds them."""

import json

from clients.web_page import WebApp

AXE = (
    "axe.run(document, { resultTypes: ['violations'], runOnly: %s })"
    ".then(({ violations }) => JSON.stringify(violations))"
)


async def look(page: WebApp, *, dark: bool, width: int) -> None:
    """Shows the page with these preferences, on a screen of that width."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await page.window.ask("Emulation.setEmulatedMedia", features=[scheme])
    await page.window.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500
    )


async def violations(page: WebApp, axe: str, width: int = 1280) -> dict[str, list[str]]:
    """Returns the rules that a page breaks, with the elements: light, and those of colours dark too."""
    if not await page.run("'axe' in window"):
        await page.run(f"{axe}; undefined")
    found: dict[str, list[str]] = {}
    for dark, rules in ((True, "['color-contrast', 'link-in-text-block']"), (False, "undefined")):
        await look(page, dark=dark, width=width)
        for one in json.loads(await page.run(AXE % rules)):
            nodes = [node["html"] + str(node["any"])[:300] for node in one["nodes"]]
            found[f"{one['id']}, {'dark' if dark else 'light'}"] = nodes
    return found
