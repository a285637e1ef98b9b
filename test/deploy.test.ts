import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SETTINGS, readSettings } from '#config';
import { STAGES, STAGE_NAMES, isStageName } from '#pipeline';
import { describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';

const ROOT = resolve(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
/** What is deployed in production; the simulator is only for trying. */
const SERVICES = ['gateway', ...STAGE_NAMES];
/** The user of all our images, made in the Dockerfile. */
const USER = { name: 'videos', id: Number(/useradd --uid (\d+)/.exec(text('docker/Dockerfile'))?.[1]) };
const SECRETS = Object.entries(SETTINGS).flatMap(([name, { secret }]) => (secret ? [name] : []));

/** The least time (ms) that a service must be given to stop: a stage's grace, then the hand-back of what it could not finish. */
const graceOf = (service: string) => (isStageName(service) ? STAGES[service].shutdownGraceMs + 10_000 : 0);

interface ComposeService {
  image: string;
  build?: { dockerfile: string; target: string };
  environment?: Record<string, string>;
  user?: string;
  ports?: string[];
  container_name?: string;
  stop_grace_period?: string;
  read_only?: boolean;
}

interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string }[];
  securityContext?: { runAsUser?: number; runAsNonRoot?: boolean; allowPrivilegeEscalation?: boolean; readOnlyRootFilesystem?: boolean };
}

interface Resource {
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
  stringData?: Record<string, string>;
  spec: {
    scaleTargetRef?: { kind: string; name: string };
    replicas?: number;
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        terminationGracePeriodSeconds?: number;
        securityContext: { runAsNonRoot: boolean; runAsUser: number };
        initContainers?: Container[];
        containers: Container[];
      };
    };
  };
}

interface Kustomization {
  resources: string[];
  patches: { path?: string; target: { kind: string; labelSelector?: string } }[];
  configMapGenerator: { envs?: string[]; literals?: string[] }[];
  secretGenerator?: { literals: string[] }[];
  images: { name: string; newTag: string }[];
}

/** A target of the Dockerfile: what its own lines and those of the stages below it say; the last word counts. */
class DockerTarget {
  private static readonly stages = new Map(
    text('docker/Dockerfile')
      .replace(/\\\n/g, ' ')
      .split(/^(?=FROM )/m)
      .flatMap((stage) => {
        const [, from, name] = /^FROM (\S+) AS (\S+)$/m.exec(stage) ?? [];
        return from && name ? [[name, { from, lines: stage.split('\n').map((line) => line.trim()) }] as const] : [];
      }),
  );

  constructor(readonly name: string) {
    if (!DockerTarget.stages.has(name)) throw new Error(`docker/Dockerfile has no target ${name}`);
  }

  last(instruction: string): string | undefined {
    for (let stage = DockerTarget.stages.get(this.name); stage; stage = DockerTarget.stages.get(stage.from)) {
      const line = stage.lines.findLast((candidate) => candidate.startsWith(`${instruction} `));
      if (line) return line.slice(instruction.length + 1);
    }
    return undefined;
  }

  get command(): string[] {
    return JSON.parse(this.last('CMD') ?? '[]') as string[];
  }
}

const compose = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, ComposeService> };
const own = Object.entries(compose.services).filter(([, { build }]) => build);
const composeService = (name: string): ComposeService => {
  const service = compose.services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
};

describe('docker/Dockerfile', () => {
  it.each([...SERVICES, 'simulator'])('has a target that starts %s', (service) => {
    const [program, ...args] = new DockerTarget(service).command;
    expect(program).toBe('node');
    expect(args).toContain(`dist/apps/${service}/src/main.js`);
    expect(existsSync(join(ROOT, `apps/${service}/src/main.ts`))).toBe(true);
  });

  it.each([...SERVICES, 'simulator'])('runs %s as a user who is not root, under an init process', (service) => {
    const target = new DockerTarget(service);
    expect(USER.id).toBeGreaterThan(0);
    expect(target.last('USER')).toBe(USER.name);
    expect(target.last('ENTRYPOINT')).toBe('["tini", "--"]');
  });
});

describe('docker-compose.yml', () => {
  it.each([...SERVICES, 'simulator'])('builds %s from the target of its name and names the image so', (service) => {
    const { build, image } = composeService(service);
    expect(build).toMatchObject({ dockerfile: 'docker/Dockerfile', target: service });
    expect(image).toBe(`\${IMAGE_PREFIX:-ai-video-generator}/${service}:\${IMAGE_TAG:-latest}`);
  });

  it.each(STAGE_NAMES)('gives %s the time that it takes to stop', (stage) => {
    const [, seconds] = /^(\d+)s$/.exec(composeService(stage).stop_grace_period ?? '') ?? [];
    expect(Number(seconds) * 1_000).toBeGreaterThanOrEqual(graceOf(stage));
  });

  it('sets only settings that exist, to values that they accept, and none of the secrets itself', () => {
    const filledIn = { POSTGRES_PASSWORD: 'secret', API_TOKEN: 'secret', TOKEN_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') };
    for (const [, { environment = {} }] of own) {
      expect(Object.keys(SETTINGS)).toEqual(expect.arrayContaining(Object.keys(environment)));
      const values = Object.entries(environment).map(([name, value]) => [name, interpolate(value, filledIn)] as const);
      expect(() => readSettings(Object.fromEntries(values))).not.toThrow();
      for (const name of ['API_TOKEN', 'TOKEN_ENCRYPTION_KEY']) expect(environment[name] ?? `\${${name}:?`).toContain(`\${${name}:?`);
    }
  });

  it('leaves every service free to be scaled, and only the gateway within reach of this machine', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(published).toEqual(['gateway 127.0.0.1:3000:3000']);
    expect(Object.values(compose.services).filter((service) => service.container_name)).toEqual([]);
  });

  it('runs nothing as root, and our own services on a file system that they cannot change', () => {
    for (const [name, { user, build, read_only }] of Object.entries(compose.services)) {
      const runsAs = user ?? (build && new DockerTarget(build.target).last('USER')) ?? `${name}: whom the image chooses`;
      expect(runsAs).toMatch(/^videos$|^[1-9]\d*:[1-9]\d*$/);
      if (build) expect(read_only).toBe(true);
    }
  });
});

describe('k8s', () => {
  const base = render('k8s/base');
  const local = render('k8s/overlays/local');
  const deployments = base.filter(({ kind }) => kind === 'Deployment');
  const workloads = [...base, ...local].filter(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet');
  const { images } = kustomization('k8s/base');

  it.each(['k8s/base', 'k8s/overlays/local'])('%s uses every one of its files', (folder) => {
    const { resources, patches, configMapGenerator } = kustomization(folder);
    const named = [...resources, ...patches.flatMap(({ path }) => path ?? []), ...configMapGenerator.flatMap(({ envs }) => envs ?? [])];
    const inFolder = named.filter((path) => !path.startsWith('..'));
    const present = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((path) => /\.\w+$/.test(path));
    expect(present.sort()).toEqual(['kustomization.yaml', ...inFolder].sort());
  });

  it('deploys the gateway and every stage, each as the image of its name', () => {
    const deployed = deployments.map(({ metadata, spec }) => [metadata.name, spec.template.spec.containers.map(({ image }) => image)]);
    expect(Object.fromEntries(deployed)).toEqual(Object.fromEntries(SERVICES.map((name) => [name, [`ai-video-generator/${name}`]])));
  });

  it('takes its images at the version of package.json', () => {
    const { version } = JSON.parse(text('package.json')) as { version: string };
    expect(Object.fromEntries(images.map(({ name, newTag }) => [name, newTag]))).toEqual(
      Object.fromEntries(SERVICES.map((name) => [`ai-video-generator/${name}`, version])),
    );
    expect(kustomization('k8s/overlays/local').images).toEqual([{ name: 'ai-video-generator/simulator', newTag: version }]);
  });

  it('selects the pods that it makes', () => {
    for (const { spec } of workloads) expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  });

  it.each(SERVICES)('migrates the database before %s starts', (service) => {
    const [migration] = podOf(service).initContainers ?? [];
    expect(migration?.args?.at(-1)).toBe('dist/apps/gateway/src/migrate.js');
    expect(existsSync(join(ROOT, 'apps/gateway/src/migrate.ts'))).toBe(true);
  });

  it.each(STAGE_NAMES)('gives %s the time that it takes to stop', (stage) => {
    expect((podOf(stage).terminationGracePeriodSeconds ?? 0) * 1_000).toBeGreaterThanOrEqual(graceOf(stage));
  });

  it('leaves the number of processes to the autoscaler where there is one', () => {
    const targets = base.flatMap(({ kind, spec }) =>
      kind === 'HorizontalPodAutoscaler' && spec.scaleTargetRef ? [spec.scaleTargetRef.name] : [],
    );
    expect(targets).not.toEqual([]);
    for (const { metadata, spec } of deployments) expect(spec.replicas === undefined).toBe(targets.includes(metadata.name));
  });

  it('runs nothing as root, and nothing on a file system that it can change', () => {
    for (const { spec } of workloads) {
      const pod = spec.template.spec;
      expect(pod.securityContext.runAsNonRoot).toBe(true);
      expect(pod.securityContext.runAsUser).toBe(
        pod.containers.some(({ image }) => image.startsWith('ai-video-generator/')) ? USER.id : 999,
      );
      for (const { securityContext } of [...(pod.initContainers ?? []), ...pod.containers]) {
        expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      }
    }
  });

  it('sets only settings that exist, secrets apart from the rest, to values that they accept', () => {
    const [own, trial] = [kustomization('k8s/base'), kustomization('k8s/overlays/local')];
    const lines = own.configMapGenerator.flatMap(({ envs = [] }) => envs.flatMap((path) => text(`k8s/base/${path}`).split('\n')));
    const plain = variables([...lines, ...trial.configMapGenerator.flatMap(({ literals = [] }) => literals)]);
    const secret = variables(trial.secretGenerator?.flatMap(({ literals }) => literals) ?? []);
    expect(Object.keys(SETTINGS).filter((name) => !SECRETS.includes(name))).toEqual(expect.arrayContaining(Object.keys(plain)));
    expect(SECRETS).toEqual(expect.arrayContaining(Object.keys(secret)));
    expect(() => readSettings({ ...plain, ...secret })).not.toThrow();
    expect(deployments.flatMap(({ spec }) => spec.template.spec.containers.flatMap(({ env = [] }) => env))).toEqual([]);
  });

  it('shows every secret in the example, and no value', () => {
    const { stringData = {} } = parse(text('k8s/secret.example.yaml')) as Resource;
    expect(Object.keys(stringData).sort()).toEqual([...SECRETS].sort());
    expect(Object.values(stringData).join('')).toBe('');
  });

  function podOf(service: string) {
    const found = deployments.find(({ metadata }) => metadata.name === service);
    if (!found) throw new Error(`k8s/base has no Deployment ${service}`);
    return found.spec.template.spec;
  }
});

/** Compose's `${NAME:?message}` and `${NAME:-default}`. */
function interpolate(template: string, given: Readonly<Record<string, string>>): string {
  return template.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    const value = given[name];
    if (value === undefined && kind === '?') throw new Error(`${name} ${rest}`);
    return value ?? rest;
  });
}

/** The variables of lines `NAME=value`; comments are left out. */
function variables(lines: readonly string[]): Record<string, string> {
  const pairs = lines.map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) as [string, string] | undefined);
  return Object.fromEntries(pairs.filter((pair) => pair !== undefined));
}

function kustomization(folder: string): Kustomization {
  return parse(text(`${folder}/kustomization.yaml`)) as Kustomization;
}

/** A folder's own resources with its patch files applied, which is as much of kustomize as these folders need; tests must not need kubectl. */
function render(folder: string): Resource[] {
  const { resources, patches } = kustomization(folder);
  const found = resources
    .filter((path) => !path.startsWith('..'))
    .flatMap((path) => parseAllDocuments(text(`${folder}/${path}`), { merge: true }).map((document) => document.toJS() as Resource));
  return patches.reduce((rendered, { path, target: { kind, labelSelector } }) => {
    if (!path) return rendered;
    const { spec } = parse(text(`${folder}/${path}`)) as Resource;
    const [label = '', value] = labelSelector?.split('=') ?? [];
    const isMeant = (one: Resource) => one.kind === kind && (!labelSelector || one.metadata.labels?.[label] === value);
    return rendered.map((one) => (isMeant(one) ? { ...one, spec: merged(one.spec, spec) as Resource['spec'] } : one));
  }, found);
}

/** Kubernetes' strategic merge: objects key by key, lists of named things by their key, everything else is replaced. */
function merged(original: unknown, patch: unknown): unknown {
  if (Array.isArray(original) && Array.isArray(patch)) {
    const [before, after] = [
      new Map(original.map((one) => [keyOf(one), one as unknown])),
      patch.map((one) => [keyOf(one), one as unknown] as const),
    ];
    if (after.some(([key]) => key === undefined)) return patch;
    for (const [key, one] of after) before.set(key, merged(before.get(key), one));
    return [...before.values()];
  }
  if (!isObject(original) || !isObject(patch)) return patch;
  const keys = new Set([...Object.keys(original), ...Object.keys(patch)]);
  return Object.fromEntries([...keys].map((key) => [key, key in patch ? merged(original[key], patch[key]) : original[key]]));
}

function keyOf(one: unknown): unknown {
  return isObject(one) ? (one.mountPath ?? one.name) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
