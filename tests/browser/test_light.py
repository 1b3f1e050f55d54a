"""Little comes over the wire before something is seen."""

from conftest import settle

#: Bytes, as they travel, until both skeletons are there.
MOST = 700_000


def test_the_first_view_is_light(app, browser):
    with browser.new_context() as context:
        page, got = context.new_page(), {}
        page.set_default_timeout(180_000)
        session = context.new_cdp_session(page)
        session.send("Network.enable")

        def came(event):
            got[event["requestId"]] = got.get(event["requestId"], 0) + event["encodedDataLength"]

        session.on("Network.dataReceived", came)
        session.on("Network.loadingFinished", lambda e: got.update({e["requestId"]: e["encodedDataLength"]}))
        page.goto(app)
        settle(page)
        assert len(got) > 50 and 300_000 < sum(got.values()) < MOST, sum(got.values())
