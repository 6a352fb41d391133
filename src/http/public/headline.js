/** The row of headline numbers. A number out of its range says so with a glyph and a word, not with colour alone. */
import { byId, h, now, patchChildren, setText, sparkline, time } from './dom.js';
import { bytes, count, duration, exact, rate, share } from './format.js';

const history = [];

export function renderHeadline({ overview }) {
  if (overview === null) return;
  const figures = figuresOf(overview);
  const container = byId('headline');
  if (container.childElementCount !== figures.length) {
    container.replaceChildren(
      ...figures.map(({ name }) =>
        h(
          'div',
          { class: 'tile' },
          h('span', { class: 'name' }, name),
          h('span', { class: 'value' }),
          h('span', { class: 'extra' }),
        ),
      ),
    );
  }
  figures.forEach(({ value, title, extra, level = '' }, index) => {
    const [, shown, beside] = container.children[index].children;
    container.children[index].dataset.level = level;
    setText(shown, level === '' ? value : `▲ ${value}`);
    shown.title = title ?? '';
    patchChildren(beside, [extra]);
  });
}

export function inflow(overview) {
  return overview.stages.filter(({ kind }) => kind === 'source').reduce((sum, stage) => sum + stage.eventsPerSecond, 0);
}

export function mostBehind(overview) {
  return overview.stages.reduce((most, stage) => (stage.lag > (most?.lag ?? 0) ? stage : most), null);
}

/** Not before the read models are open. */
export function isLagKnown(overview) {
  return overview.stages.every(({ lag }) => lag !== null);
}

function figuresOf(overview) {
  const perSecond = inflow(overview);
  const since = overview.sinceStart;
  // What was refused came in as well.
  const taken = overview.eventsIn === null ? null : overview.eventsIn + overview.deadLetters;
  if (history.at(-1)?.at !== overview.now) history.push({ at: overview.now, perSecond });
  if (history.length > 90) history.shift();
  const behind = mostBehind(overview);
  const delays = overview.stages.flatMap(({ watermarkDelayMs }) =>
    watermarkDelayMs === null ? [] : [watermarkDelayMs],
  );
  const secondsBehind = behind && behind.eventsPerSecond > 0 ? behind.lag / behind.eventsPerSecond : 0;
  return [
    {
      name: 'Events in',
      value: rate(perSecond),
      title: `${exact(perSecond)} events a second`,
      extra: [
        sparkline(
          history.map((point) => point.perSecond),
          { label: 'Events a second, lately' },
        ),
        `${count(overview.eventsIn)} in all, ${count(since.eventsIn)} since the start`,
      ],
    },
    {
      name: 'Largest lag',
      value: behind ? count(behind.lag) : isLagKnown(overview) ? '0' : '–',
      title: behind ? `${exact(behind.lag)} events` : '',
      extra: behind
        ? `events at ${behind.label}`
        : isLagKnown(overview)
          ? 'nothing is behind'
          : 'the read models are being opened',
      level: secondsBehind > 10 ? 'warn' : '',
    },
    {
      name: 'Event time',
      value: overview.eventTime === null ? '–' : new Date(overview.eventTime).toISOString().slice(11, 19),
      title: overview.eventTime === null ? 'No event yet' : new Date(overview.eventTime).toISOString(),
      extra: eventTimeExtra(overview.eventTime, delays),
    },
    {
      name: 'Alerts',
      value: count(overview.alerts),
      title: exact(overview.alerts),
      extra: [h('a', { href: '#alerts' }, 'in all'), `, ${count(since.alerts)} since the start`],
    },
    {
      name: 'Open cases',
      value: count(overview.openCases),
      title: exact(overview.openCases),
      extra: h('a', { href: '#cases' }, 'the cases'),
    },
    {
      name: 'Dead letters',
      value: count(overview.deadLetters),
      title: exact(overview.deadLetters),
      extra: [
        h('a', { href: '#dead-letters' }, share(overview.deadLetters, taken) || 'in all'),
        `, ${count(since.deadLetters)} since the start`,
      ],
      level: overview.deadLetters > taken * 0.01 ? 'warn' : '',
    },
    {
      name: 'Late events',
      value: count(overview.lateEvents),
      title: 'One for each window or join that an event was too late for',
      extra: `in all, ${count(since.lateEvents)} since the start`,
    },
    {
      name: 'Memory',
      value: bytes(overview.rssBytes),
      extra: ['started ', time(overview.startedAt)],
    },
    {
      name: 'Loop delay p99',
      value: `${overview.eventLoopDelayP99Ms.toFixed(overview.eventLoopDelayP99Ms < 10 ? 1 : 0)} ms`,
      extra: overview.eventLoopDelayP99Ms > 100 ? 'the event loop is busy' : 'of the event loop',
      level: overview.eventLoopDelayP99Ms > 100 ? 'warn' : '',
    },
  ];
}

function eventTimeExtra(eventTime, delays) {
  if (eventTime === null) return 'no event yet';
  const day = Math.abs(now() - eventTime) > 86_400_000 ? `${new Date(eventTime).toISOString().slice(0, 10)}, ` : '';
  if (delays.length === 0) return `${day}no watermark yet`;
  const [least, most] = [duration(Math.min(...delays)), duration(Math.max(...delays))];
  return `${day}watermarks ${least === most ? least : `${least} – ${most}`} behind`;
}
