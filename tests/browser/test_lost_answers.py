"""Gradio's browser client closes its stream of answers under an event that it has just sent: the page asks for them."""

from conftest import settle, share_state

#: What comes in that stream comes 400 ms late; `closing` is called when the server has closed it, before Gradio knows.
LATE = """
const real = window.fetch;
window.fetch = async (asked, ...how) => {
  const answer = await real(asked, ...how);
  if (!String(asked.url ?? asked).includes('/queue/data')) return answer;
  const reader = answer.body.getReader(), late = (react) => setTimeout(() => {
    try { react(); } catch { /* Gradio has closed it */ }
  }, 400);
  const body = new ReadableStream({ start(out) {
    const next = () => reader.read().then(({ done, value }) => {
      if (done) return late(() => out.close());
      late(() => out.enqueue(value));
      if (new TextDecoder().decode(value).includes('close_stream')) window.closing?.();
      return next();
    }).catch((problem) => late(() => out.error(problem)));
    next();
  } });
  return new Response(body, { status: answer.status, headers: answer.headers });
};
"""
#: Once, as the next answer ends.
THEN = "(selector) => { window.closing = () => { window.closing = null; document.querySelector(selector).click(); }; }"


def test_what_gradio_lost_comes_all_the_same(visit):
    page = visit(script=LATE)
    share_state(page)
    page.wait_for_function("pageState.work === 'drawn'")
    page.wait_for_timeout(1000)
    page.set_default_timeout(60_000)
    rows, waits = page.locator(".differences tbody button"), "document.querySelector('.photo .wait').hidden"
    for k in (1, 2):
        page.evaluate(THEN, f".photo .example:nth-child({k + 1})")
        rows.nth(k).click()
        page.wait_for_function(f"!{waits}")
        page.wait_for_function(waits)
        page.wait_for_function("pageState.work === 'drawn'")
        settle(page)
        assert page.get_attribute(f".photo .example:nth-child({k + 1})", "aria-pressed") == "true"
        page.wait_for_timeout(1000)
    page.evaluate(THEN, ".stops [data-stop=bicubic]")
    rows.nth(3).click()
    page.wait_for_function("pageState.stop === 'bicubic' && pageState.work === 'drawn'")
