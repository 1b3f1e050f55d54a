// Take it away: pictures are made in the browser from what is on the page, files by the server.
let times = 2;
hear('shot', draw);
hear('pin', draw);
hear('release', draw);

function draw() {
  if (!xray.state.key) return;
  $('.take').hidden = false;
  PoseDemo.speak(element, words());
  const button = (text, act, id) => make('button', { type: 'button', class: 'plain', 'data-take': id, onclick: act }, text);
  const sides = xray.state.sides || [];
  const views = [...sides.map((side, k) => [side.svg ? `map${k}` : null, side.title]), ['dock', words().computation], ['film', words().film_short], ['lab', words().lab_short], ['story', words().story_short]].filter(([id]) => id && !(id === 'dock' && !xray.pin));
  const which = make('select', { class: 'take-view', 'aria-label': words().take_png }, ...views.map(([value, text]) => make('option', { value }, text)));
  const much = make('select', { class: 'times', 'aria-label': words().zoom, onchange: (event) => { times = Number(event.target.value); } }, ...[1, 2, 4].map((k) => make('option', { value: k }, fill(words().times, k))));
  much.value = times;
  $('.take-row').replaceChildren(which, much, button(words().take_png, () => picture(which.value), 'png'),
    ...sides.flatMap((side, k) => (side.svg ? [button(`${words().take_svg}: ${side.title}`, () => file('svg', { side: k }), `svg${k}`)] : [])),
    button(words().take_json, () => file('json'), 'json'),
    button(words().take_npz + (xray.pin ? ` (${xray.pin.cell})` : ''), () => file('npz', xray.pin || {}), 'npz'),
    button(words().take_report, () => file('report', { ...xray.pin, against: xray.against }), 'report'),
    button(words().take_link, link, 'link'));
}

async function file(what, more = {}) {
  const answer = await ask('export', { what, ...more });
  if (!answer) return;
  $('.said').textContent = answer.error || answer.name;
  if (!answer.error) save(new Blob([Uint8Array.from(atob(answer.data), (c) => c.charCodeAt(0))], { type: answer.type }), answer.name);
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// Any view as pixels: its elements with all their looks, in an SVG, in a canvas.
async function picture(view) {
  const nodes = { dock: '.dock', film: '.film', lab: '.lab', story: '.story' };
  const node = view.startsWith('map') ? document.querySelector(`.map-card[data-side="${view.slice(3)}"]`) : document.querySelector(nodes[view]);
  if (!node) return;
  const { width, height } = { width: Math.max(node.scrollWidth, node.querySelector('.xmap')?.getBoundingClientRect().width || 0), height: node.scrollHeight };
  const copy = frozen(node);
  copy.style.cssText += `;width:${width}px;height:auto;max-height:none;overflow:visible;margin:0;background:${getComputedStyle(document.body).backgroundColor}`;
  const text = new XMLSerializer().serializeToString(copy);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * times}" height="${height * times}" viewBox="0 0 ${width} ${height}"><foreignObject width="${width}" height="${height}">${text}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  try { await image.decode(); } catch { $('.said').textContent = words().failed; return; }
  const sheet = make('canvas', { width: width * times, height: height * times });
  sheet.getContext('2d').drawImage(image, 0, 0);
  sheet.toBlob((blob) => { save(blob, `pose-xray-${view}.png`); $('.said').textContent = `${sheet.width}×${sheet.height}`; });
}

const LOOKS = ['color', 'background-color', 'background-image', 'font', 'display', 'flex', 'flex-wrap', 'grid-template-columns', 'gap', 'align-items', 'justify-content', 'padding', 'margin', 'border', 'border-radius', 'width', 'height', 'position', 'left', 'top', 'opacity', 'fill', 'stroke', 'stroke-width', 'text-anchor', 'paint-order', 'image-rendering', 'text-align', 'overflow', 'box-sizing', 'aspect-ratio', 'transform', 'white-space', 'object-fit', 'inset', 'min-width', 'max-width', 'list-style', 'border-collapse'];

function frozen(node) {
  const copy = node.cloneNode(true);
  const from = [node, ...node.querySelectorAll('*')], to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((source, k) => {
    const looks = getComputedStyle(source);
    to[k].setAttribute('style', LOOKS.map((name) => `${name}:${looks.getPropertyValue(name)}`).join(';'));
    if (source.tagName === 'CANVAS') to[k].replaceWith(make('img', { src: source.toDataURL(), style: to[k].getAttribute('style') }));
  });
  return copy;
}

// Networks, slider, joint, cell and example: never a photo of the visitor's own.
async function link() {
  const { networks, stop, example } = xray.state, query = new URLSearchParams();
  const set = (key, value) => { if (value) query.set(key, value); };
  set('left', networks?.[0]);
  set('right', networks?.[1]);
  set('upsampling', stop);
  set('scope', xray.state.scope);
  set('joint', xray.joint);
  set('cell', xray.pin && `${xray.pin.side}:${xray.pin.cell}${xray.pin.channel != null ? `:${xray.pin.channel}` : ''}`);
  set('example', example);
  const address = `${location.origin}${location.pathname}?${query}`;
  history.replaceState(null, '', address);
  try { await navigator.clipboard.writeText(address); } catch { /* the address bar has it */ }
  $('.said').textContent = `${words().copied} ${address}`;
}
