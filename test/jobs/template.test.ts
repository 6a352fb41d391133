import { describe, expect, test } from 'vitest';
import { expand, holesOf, parseTemplate, type Template, TemplateError, unknownHole } from '../../src/jobs/template.ts';

const values: Record<string, string | number | (string | number)[] | null | { instantMs: number }> = {
  'interval.start': { instantMs: Date.parse('2026-05-01T06:07:08.009Z') },
  'params.region': 'Île & co',
  'place.latitude': [52.52, -3.5],
  nothing: null,
};

function parsed(text: string): Template {
  const template = parseTemplate(text);
  if ('problem' in template) throw new Error(template.problem);
  return template;
}
const filled = (text: string, escaping?: (text: string) => string) =>
  expand(parsed(text), (name) => values[name], escaping);

describe('a template', () => {
  test.each([
    ['day={interval.start|date}', 'day=2026-05-01'],
    ['{interval.start}', '2026-05-01T06:07:08.009Z'],
    ['{interval.start|time} {interval.start|unix} {interval.start|ms}', '06:07:08 1777615628 1777615628009'],
    ['{interval.start|year}/{interval.start|month}/{interval.start|day}/{interval.start|hour}', '2026/05/01/06'],
    ['{place.latitude|join}', '52.52,-3.5'],
    ['a{nothing}b', 'ab'],
  ])('%s is filled as %s', (text, expected) => {
    expect(filled(text)).toBe(expected);
  });

  test('escapes each value, and not the text around it', () => {
    expect(filled('https://host/?r={params.region}&l={place.latitude|join}', encodeURIComponent)).toBe(
      'https://host/?r=%C3%8Ele%20%26%20co&l=52.52,-3.5',
    );
  });

  test.each([`{"a": {'b': 1}}`, 'x{4}', '{}', '{ spaced }', 'SELECT {a: 1}', '{'])(
    'leaves the braces of %s as they are',
    (text) => {
      expect(filled(text)).toBe(text);
    },
  );

  test('takes doubled braces for the text with single ones', () => {
    expect(filled('{{interval.start|date}} is {interval.start|date}')).toBe('{interval.start|date} is 2026-05-01');
  });

  test('says which format there is not, and where', () => {
    expect(parseTemplate('a {interval.start|dat}')).toEqual({
      problem: '{interval.start|dat}: there is no format "dat"; did you mean date?',
      character: 3,
    });
  });

  test('says which name there is not, and where', () => {
    expect(unknownHole(parsed('{params.x} {interval.strat|date}'), ['interval.start', 'params.*'])).toEqual({
      problem: '{interval.strat|date}: there is no value "interval.strat"; did you mean interval.start?',
      character: 12,
    });
    expect(unknownHole(parsed('{interval.start}'), ['interval.start'])).toBeNull();
  });

  test('refuses a list without join, a time by join and a format for what is no time', () => {
    expect(() => filled('{place.latitude}')).toThrow('{place.latitude} is a list: write {place.latitude|join}');
    expect(() => filled('{interval.start|join}')).toThrow('{interval.start|join} is a time, not a list');
    expect(() => filled('{params.region|date}')).toThrow('{params.region|date} is no time');
    expect(() => filled('{other}')).toThrow('{other} has no value');
    expect(() => filled('{other}')).toThrow(TemplateError);
  });

  test('keeps a hole beside a brace of JSON', () => {
    expect(filled('{"since":{interval.start|unix}}')).toBe('{"since":1777615628}');
    expect(holesOf(parsed('{"since":{interval.start|unix}}'))).toHaveLength(1);
  });
});
