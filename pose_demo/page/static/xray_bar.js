// The slider, its scope and the joint, always in reach while one looks at maps: they move the page's own controls.
hear('shot', draw);
hear('joint', draw);

function draw() {
  const { stops, stop, scopes, scope, trained, joint_names: names } = xray.state;
  if (!stops) return;
  PoseDemo.speak(element, words());
  $('.xray-sticky').hidden = false;
  $('.bar-busy').hidden = true;
  $('.bar-stops').replaceChildren(...stops.map(([value, text], k) => make('button', {
    type: 'button', class: 'plain', role: 'radio', 'aria-checked': value === stop, 'data-stop': value,
    title: trained[value] ? fill(words().trained_mark, trained[value]) : '',
    onclick: () => { busy(); trigger('stop', { to: k }); },
  }, text, ...(trained[value] ? [make('span', { class: 'mark' }, '▲')] : []))));
  $('.scope').replaceChildren(make('option', { value: '' }, words().everywhere),
    ...scopes.map((name) => make('option', { value: name }, fill(words().only, name))));
  $('.scope').value = scope || '';
  $('.bar-joint').replaceChildren(...Object.entries(names).map(([value, text]) => make('option', { value }, text)));
  $('.bar-joint').value = xray.joint;
}

function busy() { $('.bar-busy').textContent = '…'; $('.bar-busy').hidden = false; }
$('.scope').addEventListener('change', (event) => { busy(); trigger('scope', { to: event.target.value }); });
$('.bar-joint').addEventListener('change', (event) => { xray.joint = event.target.value; trigger('choose', { joint: xray.joint }); tell('joint'); });
