"""The interactive documentation in a real browser."""

import pytest
from changes.browser import CHROMIUM, Browser
from changes.streams import in_process_server
from support import settings_for


@pytest.mark.processes
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
async def test_a_browser_stores_nothing_of_a_pasted_token(browser: Browser) -> None:
    authorization = "{bearer: {name: 'bearer', schema: {type: 'http', scheme: 'bearer'}, value: 'pasted'}}"
    async with in_process_server(settings_for("sqlite://")) as service:
        window = await browser.window(f"{service.url}/docs")
        await window.until("document.querySelector('.btn.authorize') !== null")
        await window.run(f"void window.ui.authActions.authorizeWithPersistOption({authorization})")

        assert await window.run("window.ui.authSelectors.authorized().getIn(['bearer', 'value'])") == "pasted"
        assert await window.run("JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"
