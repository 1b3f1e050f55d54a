// What each stage costs, measured when asked for.
const draw = () => { $('.costs').hidden = false; PoseDemo.speak(element, words()); };
hear('shot', draw);
if (xray.state.key) draw();
$('.measure').addEventListener('click', () => {
  $('.measure').disabled = true;
  $('.measure').textContent = words().computing;
  trigger('measure', { key: xray.state.key });
});
follow((patch) => {
  if (patch.lines === undefined) return;
  $('.measure').disabled = false;
  PoseDemo.speak(element, words());
  $('.cost-lines').replaceChildren(...patch.lines.split('\n').flatMap((line) => [line, make('br')]));
});
