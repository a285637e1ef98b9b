import { STEPS, stepInfo, type ItemKind, type StepName } from '#pipeline';
import { PORTS, ProviderUnreachable, atOnce, choose, reach, type ModelPort, type ProviderName } from '#providers/registry';
import type { Settings } from './settings.js';

/** What makes the items of each step that a provider makes. */
const PORTS_OF_STEPS: Readonly<Partial<Record<StepName, ModelPort>>> = {
  storyboard: 'text',
  images: 'image',
  clips: 'clip',
  narrations: 'speech',
  sound_effects: 'effect',
};

/** Where items wait for what makes them: a provider, whatever their queues, or the workers of their own stage. */
export interface Lane {
  /** The provider's name, or the stage's. */
  readonly name: string;
  readonly provider: ProviderName | null;
  /** Items that may be in the making at once over all processes; null: as many as the stage's workers take. */
  readonly atOnce: number | null;
  readonly steps: readonly StepName[];
}

/** Every lane, as the settings choose providers. */
export function lanesOf(settings: Settings): readonly Lane[] {
  const lanes = new Map<string, Lane & { steps: StepName[] }>();
  for (const { name: step } of STEPS) {
    const provider = providerOfStep(step, settings);
    const name = provider ?? stepInfo(step).stage;
    const places = provider ? atOnce(provider, settings) : 0;
    const lane = lanes.get(name) ?? { name, provider, atOnce: places > 0 ? places : null, steps: [] };
    lane.steps.push(step);
    lanes.set(name, lane);
  }
  return [...lanes.values()];
}

/** Who makes the items of a step; null: this product itself. */
export function providerOfStep(step: StepName, settings: Settings): ProviderName | null {
  const port = PORTS_OF_STEPS[step];
  return port ? choose(port, settings).name : null;
}

/** Whether the simulator makes the items of each kind, or what they are made from: they take as long as it is told, not as long as in earnest. */
export function simulatedKinds(settings: Settings): { kind: ItemKind; simulated: boolean }[] {
  const isAnySimulated = PORTS.some((port) => isSimulated(port, settings));
  return STEPS.map(({ name, item: kind }) => {
    const port = PORTS_OF_STEPS[name];
    return { kind, simulated: port ? isSimulated(port, settings) : isAnySimulated };
  });
}

/** Who cannot be reached makes nothing, and nothing simulated either. */
function isSimulated(port: ModelPort, settings: Settings): boolean {
  try {
    return reach(port, settings).simulated;
  } catch (error) {
    if (error instanceof ProviderUnreachable) return false;
    throw error;
  }
}
