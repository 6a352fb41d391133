/** What is in deploy/, held against the tools that will read it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { METRICS } from '../../src/http/metric-table.ts';
import { ROOT, startService, temporaryDirectory } from '../integration/millrace.ts';
import { promtool, receiver, startAlertmanager, startPrometheus } from './servers.ts';

const read = (path: string): string => readFileSync(join(ROOT, 'deploy', path), 'utf8');

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string }[];
}

/** Expressions of the dashboard, as it asks them with every instance chosen. */
const EXPRESSIONS: readonly string[] = JSON.parse(read('grafana/dashboards/millrace.json')).panels.flatMap(
  ({ targets }: Panel) => targets.map(({ expr }) => expr.replaceAll('$instance', '.*')),
);

describe('the unit of systemd', () => {
  it('is understood whole, and leaves little open', () => {
    const directory = temporaryDirectory();
    const unit = join(directory, 'millrace.service');
    writeFileSync(unit, read('systemd/millrace.service'));
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    expect(verified.stderr.split('\n').filter((line) => line.includes('millrace.service'))).toEqual([]);
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
    const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout) ?? [];
    expect(Number(level)).toBeLessThan(2);
  });
});

describe('the files of containers', () => {
  it('name what there is, and give nothing more rights than it needs', () => {
    const compose = parse(read('compose.yaml'));
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['millrace', 'kafka', 'postgres', 'prometheus', 'alertmanager', 'grafana']),
    );
    for (const { ports = [] } of Object.values<{ readonly ports?: readonly string[] }>(compose.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
    const documents = parseAllDocuments(read('kubernetes/millrace.yaml')).map((document) => document.toJS());
    expect(documents.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['ConfigMap', 'Secret', 'Service', 'PodDisruptionBudget', 'StatefulSet']),
    );
    const pod = documents.find(({ kind }) => kind === 'StatefulSet').spec.template.spec;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true });
    const [container] = pod.containers;
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect([container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path]).toEqual([
      '/healthz',
      '/readyz',
    ]);
    expect(read('Dockerfile')).toMatch(/^USER 1000$/m);
  });

  it("are what Kubernetes' own schemas allow, and a wrong word in them is not", () => {
    const python = join(temporaryDirectory(), 'python');
    const run = (command: string, words: readonly string[], input?: string) =>
      spawnSync(command, words, { cwd: ROOT, encoding: 'utf8', ...(input === undefined ? {} : { input }) });
    expect(run('python3', ['-m', 'venv', python]).status).toBe(0);
    // Its wheel has the schemas of every version, so nothing else is fetched.
    const installed = run(join(python, 'bin/pip'), ['install', '--quiet', 'kubernetes-validate==1.37.0']);
    expect([installed.status, installed.stderr]).toEqual([0, expect.any(String)]);
    const validate = (file: string) => run(join(python, 'bin/kubernetes-validate'), ['--strict', '--quiet', file]);
    expect(validate('deploy/kubernetes/millrace.yaml').status).toBe(0);
    const wrong = join(temporaryDirectory(), 'wrong.yaml');
    writeFileSync(wrong, read('kubernetes/millrace.yaml').replace('maxUnavailable: 0', 'maxUnavailabel: 0'));
    expect(validate(wrong).status).toBe(1);
  });

  it('have a pipeline that can be started', () => {
    const documents = parseAllDocuments(read('kubernetes/millrace.yaml')).map((document) => document.toJS());
    const file = join(temporaryDirectory(), 'pipeline.yaml');
    writeFileSync(file, documents.find(({ kind }) => kind === 'ConfigMap').data['pipeline.yaml']);
    const words = [join(ROOT, 'dist/main.js'), 'config', 'validate', '--config', file];
    expect(spawnSync(process.execPath, words, { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });

  it('have configurations that Prometheus and Alertmanager take', () => {
    expect(promtool(['check', 'config', 'deploy/prometheus/prometheus.yml'])).toMatchObject({ code: 0 });
    const checked = spawnSync('amtool', ['check-config', 'deploy/alertmanager/alertmanager.yml'], { cwd: ROOT });
    expect(checked.status).toBe(0);
  });
});

describe('the dashboard of Grafana', () => {
  it('asks for metrics that there are, in expressions that a Prometheus that has scraped the service can answer', async () => {
    const asked = new Set(EXPRESSIONS.flatMap((text) => [...text.matchAll(/millrace_(\w+)/g)].map(([, name]) => name)));
    const known = Object.keys(METRICS).flatMap((name) => [name, `${name}_bucket`, `${name}_count`]);
    expect([...asked].filter((name) => !known.includes(name ?? ''))).toEqual([]);

    const hook = await receiver(200);
    const service = await startService(['--config', 'test/operate/pipeline.yaml', '--data', temporaryDirectory()], {
      HOOK_URL: hook.url,
    });
    const prometheus = await startPrometheus(new URL(service.url).host, await startAlertmanager(hook.url));
    const until = Date.now() + 30_000;
    while ((await prometheus.query('millrace_build_info')).length === 0 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const expression of EXPRESSIONS) await prometheus.query(expression);
    const free = EXPRESSIONS.find((expression) => expression.includes('disk_free')) ?? '';
    expect((await prometheus.query(free)).length).toBe(1);
    service.child.kill('SIGINT');
    await service.ended;
  });
});
