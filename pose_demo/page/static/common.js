// What the page's own components share.
window.PoseDemo = {
  // An element with attributes; a function becomes a listener, null is left out.
  make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'function') node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  },

  // Fills every data-word (text), data-label (aria-label) and data-hint (title) from the table of words.
  speak(element, words) {
    for (const node of element.querySelectorAll('[data-word]')) node.textContent = words[node.dataset.word];
    for (const node of element.querySelectorAll('[data-label]')) node.setAttribute('aria-label', words[node.dataset.label]);
    for (const node of element.querySelectorAll('[data-hint]')) node.title = words[node.dataset.hint];
  },

  fill(text, ...parts) {
    return text.replace(/\{(\d)\}/g, (_, k) => parts[Number(k)]);
  },

  // A frame keeps the photo's shape, as large as its column and --tall allow.
  shape(node, width, height) {
    node.style.setProperty('--ratio', width / height);
  },

  // Shows one line or hides it.
  line(node, text) {
    node.textContent = text || '';
    node.hidden = !text;
  },
};
