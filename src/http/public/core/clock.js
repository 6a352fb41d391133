/** The service's clock, as its last overview told it, and a tick each second for what shows how long ago something was. */
let skewMs = 0;
const ticking = new Set();

export const now = () => Date.now() + skewMs;

export function setNow(serverNow) {
  const skew = serverNow - Date.now();
  if (Math.abs(skew - skewMs) > 500) skewMs = skew;
}

export function onTick(listener) {
  ticking.add(listener);
  return () => ticking.delete(listener);
}

setInterval(() => {
  for (const listener of ticking) listener();
}, 1_000);
