/** The row of headline numbers. A number out of its range says so with a glyph and a word, not with colour alone. */
import { byId, h, now, setText, sparkline, time } from './dom.js';
import { bytes, count, duration, exact, rate } from './format.js';

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
    beside.replaceChildren(...[extra].flat());
  });
}

export function inflow(overview) {
  return overview.stages.filter(({ kind }) => kind === 'source').reduce((sum, stage) => sum + stage.eventsPerSecond, 0);
}

export function mostBehind(overview) {
  return overview.stages.reduce((most, stage) => (stage.lag > (most?.lag ?? 0) ? stage : most), null);
}

function figuresOf(overview) {
  const perSecond = inflow(overview);
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
        `${count(overview.eventsIn)} in all`,
      ],
    },
    {
      name: 'Largest lag',
      value: `${count(behind?.lag ?? 0)}`,
      title: `${exact(behind?.lag ?? 0)} events`,
      extra: behind ? `events at ${behind.label}` : 'nothing is behind',
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
      extra: h('a', { href: '#alerts' }, 'the feed'),
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
      extra: h('a', { href: '#dead-letters' }, share(overview.deadLetters, overview.eventsIn)),
      level: overview.deadLetters > overview.eventsIn * 0.01 && overview.deadLetters > 0 ? 'warn' : '',
    },
    {
      name: 'Late events',
      value: count(overview.lateEvents),
      title: exact(overview.lateEvents),
      extra: share(overview.lateEvents, overview.eventsIn),
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

function share(part, whole) {
  if (whole === 0) return 'of none';
  const percent = (part / whole) * 100;
  return `${percent === 0 || percent >= 0.01 ? percent.toFixed(2) : '< 0.01'} % of input`;
}
