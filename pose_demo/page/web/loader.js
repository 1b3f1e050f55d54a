// What Gradio runs for every component: its module is fetched, and what is sent meanwhile waits. It triggers EVENTS.
const waiting = [props.value];
let hear = (patch) => waiting.push(patch);
watch('value', () => hear(props.value));
const fetched = (file) => import(new URL(`WEB/${file}`, document.baseURI).href);
Promise.all([fetched('channel.js'), fetched('MODULE')]).then(async ([channel, { start }]) => {
  hear = await channel.open(start, { element, trigger, server });
  waiting.splice(0).forEach((patch) => hear(patch));
});
