#!/usr/bin/env node
/**
 * Stands before npm's own node-gyp, so it runs only when better-sqlite3 has to be compiled: npm puts the bins of
 * dependencies (this folder is one, copied by `install-links`) first in the PATH of their install scripts.
 *
 * It hands npm's node-gyp the headers that lie beside the node binary, so that nothing has to be downloaded, and turns
 * what a machine lacks into one line that says what to run. Plain JavaScript: nothing else is installed yet.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';

const { env, execPath, version, versions } = process;
/** node-gyp reads this name since 12.0, the bare one before (`parseArgv` in its lib/node-gyp.js). */
const NODEDIR_VARIABLES = ['npm_package_config_node_gyp_nodedir', 'npm_config_nodedir'];
const NODEDIR_COMMAND = `${NODEDIR_VARIABLES[0]}=DIRECTORY npm ci`;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

function stop(line) {
  process.stderr.write(`\nmillrace: ${line}\n\n`);
  process.exit(1);
}

function isOnPath(program) {
  return (env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether the headers below a directory are those of the Node that runs: others compile into what can't be loaded. */
function hasOurHeaders(directory) {
  try {
    const header = readFileSync(join(directory, 'include/node/node_version.h'), 'utf8');
    return /^#define NODE_MODULE_VERSION (\d+)/m.exec(header)?.[1] === versions.modules;
  } catch {
    return false;
  }
}

function npmsNodeGyp() {
  try {
    return createRequire(env.npm_execpath ?? execPath).resolve('node-gyp/bin/node-gyp.js');
  } catch {
    return stop('SQLite has to be compiled here, which needs the node-gyp of npm; run: npm ci');
  }
}

function checkCompiler() {
  if (process.platform === 'win32') return;
  const needed = [
    { title: 'python3', found: env.PYTHON !== undefined || ['python3', 'python'].some(isOnPath) },
    { title: 'make', found: isOnPath('make') || isOnPath('gmake') },
    { title: 'g++', found: env.CXX !== undefined || ['g++', 'c++', 'clang++'].some(isOnPath) },
  ];
  const missing = needed.filter(({ found }) => !found).map(({ title }) => title);
  if (missing.length === 0) return;
  const install = 'apt-get install -y python3 make g++';
  stop(`SQLite has to be compiled here and ${missing.join(', ')} is missing; run: ${install} && npm ci`);
}

checkCompiler();
const given = NODEDIR_VARIABLES.map((name) => env[name]).filter((directory) => directory !== undefined);
const beside = dirname(dirname(execPath));
const headers = [...given, beside].find(hasOurHeaders);
if (headers !== undefined) for (const name of NODEDIR_VARIABLES) env[name] = headers;

const result = spawnSync(execPath, [npmsNodeGyp(), ...process.argv.slice(2)], {
  encoding: 'utf8',
  maxBuffer: MAX_OUTPUT_BYTES,
  stdio: ['ignore', 'pipe', 'pipe'],
});
// What node-gyp says when it could not have the headers, whatever the reason (lib/install.js).
if (result.status !== 0 && headers === undefined && result.stderr.includes('rolling back install')) {
  stop(
    `SQLite has to be compiled here, and the headers of Node ${version} are neither beside ${execPath} nor could they ` +
      `be downloaded; unpack node-${version}-headers.tar.gz of nodejs.org/dist and run: ${NODEDIR_COMMAND}`,
  );
}
process.stdout.write(result.stdout);
process.stderr.write(`${result.stderr}${result.error ?? ''}\n`);
process.exitCode = result.status ?? 1;
