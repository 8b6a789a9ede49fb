"""The interactive documentation in a real browser."""

from pathlib import Path

import pytest
from changes.browser import CHROMIUM, chromium
from changes.streams import in_process_server
from support import settings_for


@pytest.mark.processes
@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")
async def test_a_browser_stores_nothing_of_a_pasted_token(tmp_path: Path) -> None:
    authorization = "{bearer: {name: 'bearer', schema: {type: 'http', scheme: 'bearer'}, value: 'pasted'}}"
    async with in_process_server(settings_for("sqlite://")) as service, chromium(tmp_path) as browser:
        window = await browser.window(f"{service.url}/docs")
        await window.until("document.querySelector('.btn.authorize') !== null")
        await window.run(f"void window.ui.authActions.authorizeWithPersistOption({authorization})")

        assert await window.run("window.ui.authSelectors.authorized().getIn(['bearer', 'value'])") == "pasted"
        assert await window.run("JSON.stringify([{...localStorage}, {...sessionStorage}])") == "[{},{}]"
