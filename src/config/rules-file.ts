/** Rules of a file of their own, or of another pipeline file, checked as those of a pipeline file are. */
import { parse } from 'yaml';
import { isMap } from '../messages/json-map.ts';
import type { Config } from './config.ts';
import { type Environment, loadConfig, parseConfig, readConfigText } from './load.ts';

/** The configuration with the rules of `file` in the place of its own. Throws a ConfigError. */
export function configWithRules(file: string, configFile: string, environment: Environment): Config {
  const text = readConfigText(file);
  const written: unknown = parse(text);
  if (isMap(written) && 'streams' in written) return parseConfig(text, file, environment);
  const rules = isMap(written) && 'rules' in written ? written.rules : written;
  return loadConfig(configFile, environment, [{ path: ['rules'], text: JSON.stringify(rules), origin: file }]);
}
