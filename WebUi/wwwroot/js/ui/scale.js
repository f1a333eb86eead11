/** Where the marks of an axis lie: round numbers, few of them. Pure. */

/** Marks from 0 to at least max. base: 1024 for bytes, else 10. */
export function marks(max, base = 10, wanted = 4) {
  if (!(max > 0)) return [0, base === 1024 ? 1024 : 1];
  const unit = base === 1024 ? 1024 ** Math.floor(Math.log(max) / Math.log(1024)) : 1;
  const rough = max / unit / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((one) => one * power >= rough) * power * unit;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) => index * step);
}

/** Times for an axis that ends now: round steps of the span. */
export function timeMarks(from, to) {
  const steps = [60, 120, 300, 900, 1800, 3600, 7200, 14400, 21600, 86400, 172800, 604800];
  const step = steps.find((one) => (to - from) / 1000 / one <= 5.5) ?? steps.at(-1);
  const zone = new Date(to).getTimezoneOffset() * 60000;
  const first = Math.ceil((from - zone) / (step * 1000)) * step * 1000 + zone;
  const list = [];
  for (let at = first; at <= to; at += step * 1000) list.push(at);
  return { list, step };
}
