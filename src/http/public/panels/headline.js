/** The row of headline numbers. A number out of its range says so with a glyph and a word, not with colour alone. */
import { useRef } from 'preact/hooks';
import { now } from '../core/clock.js';
import { bytes, count, duration, exact, rate, share } from '../core/format.js';
import { html } from '../core/html.js';
import { to } from '../core/router.js';
import { overviewSource } from '../core/sources.js';
import { isLagKnown, mostBehind } from '../core/stages.js';
import { useSource } from '../core/store.js';
import { Sparkline, Time } from '../view/marks.js';

const POINTS = 90;
const ORDERS = { events: 10, lag: 20, time: 30, deadLetters: 60, late: 70, memory: 80, loop: 90 };

export const headlinePanel = { id: 'headline', title: 'Headline numbers', on: { '/': { order: 0 } }, view: Headline };

function Headline({ pipeline }) {
  const { value: overview } = useSource(overviewSource);
  const points = useRef([]);
  const perSecond = inflow(overview);
  if (points.current.at(-1)?.at !== overview.now) points.current.push({ at: overview.now, perSecond });
  if (points.current.length > POINTS) points.current.shift();
  const figures = [
    ...ownFigures(overview, perSecond, points.current),
    ...pipeline.figures.map(({ order, of }) => ({ order, ...of(overview) })),
  ].sort((a, b) => a.order - b.order);
  return html`<section id="headline" class="tiles" aria-label="Headline numbers">
    ${figures.map(
      ({ name, value, title, extra, level, chart }) => html`<div key=${name} class="tile" data-level=${level}>
        <span class="name">${name}</span>
        <span class="value" title=${title}>${level === undefined ? value : `▲ ${value}`}</span>
        ${chart}
        <span class="extra">${extra}</span>
      </div>`,
    )}
  </section>`;
}

function inflow(overview) {
  return overview.stages.filter(({ kind }) => kind === 'source').reduce((sum, stage) => sum + stage.eventsPerSecond, 0);
}

function ownFigures(overview, perSecond, points) {
  const since = overview.sinceStart;
  // What was refused came in as well.
  const taken = overview.eventsIn === null ? null : overview.eventsIn + overview.deadLetters;
  const delay = overview.eventLoopDelayP99Ms;
  const line = points.map((point) => point.perSecond);
  return [
    {
      order: ORDERS.events,
      name: 'Events in',
      value: rate(perSecond),
      title: `${exact(perSecond)} events a second`,
      chart: html`<${Sparkline} values=${line} label="Events a second, lately" />`,
      extra: `${count(overview.eventsIn)} in all, ${count(since.eventsIn)} since the start`,
    },
    lagFigure(overview),
    {
      order: ORDERS.time,
      name: 'Event time',
      value: overview.eventTime === null ? '–' : new Date(overview.eventTime).toISOString().slice(11, 19),
      title: overview.eventTime === null ? 'No event yet' : new Date(overview.eventTime).toISOString(),
      extra: timeWords(overview),
    },
    {
      order: ORDERS.deadLetters,
      name: 'Dead letters',
      value: count(overview.deadLetters),
      title: exact(overview.deadLetters),
      extra: html`<a href=${to('/quality')}>${share(overview.deadLetters, taken) || 'in all'}</a>, ${count(since.deadLetters)} since the start`,
      level: overview.deadLetters > taken * 0.01 ? 'warn' : undefined,
    },
    {
      order: ORDERS.late,
      name: 'Late events',
      value: count(overview.lateEvents),
      title: 'One for each window or join that an event was too late for',
      extra: html`<a href=${to('/quality')}>in all</a>, ${count(since.lateEvents)} since the start`,
    },
    {
      order: ORDERS.memory,
      name: 'Memory',
      value: bytes(overview.rssBytes),
      extra: html`started <${Time} at=${overview.startedAt} />`,
    },
    {
      order: ORDERS.loop,
      name: 'Loop delay p99',
      value: `${delay.toFixed(delay < 10 ? 1 : 0)} ms`,
      extra: delay > 100 ? 'the event loop is busy' : 'of the event loop',
      level: delay > 100 ? 'warn' : undefined,
    },
  ];
}

function lagFigure(overview) {
  const behind = mostBehind(overview);
  const idle = isLagKnown(overview) ? ['0', 'nothing is behind'] : ['–', 'the read models are being opened'];
  const secondsBehind = behind && behind.eventsPerSecond > 0 ? behind.lag / behind.eventsPerSecond : 0;
  return {
    order: ORDERS.lag,
    name: 'Largest lag',
    value: behind ? count(behind.lag) : idle[0],
    title: behind ? `${exact(behind.lag)} events` : '',
    extra: behind ? `events at ${behind.label}` : idle[1],
    level: secondsBehind > 10 ? 'warn' : undefined,
  };
}

function timeWords({ eventTime, stages }) {
  if (eventTime === null) return 'no event yet';
  const delays = stages.flatMap(({ watermarkDelayMs }) => (watermarkDelayMs === null ? [] : [watermarkDelayMs]));
  const day = Math.abs(now() - eventTime) > 86_400_000 ? `${new Date(eventTime).toISOString().slice(0, 10)}, ` : '';
  if (delays.length === 0) return `${day}no watermark yet`;
  const [least, most] = [duration(Math.min(...delays)), duration(Math.max(...delays))];
  return `${day}watermarks ${least === most ? least : `${least} – ${most}`} behind`;
}
