import {
  Failure,
  Finding,
  TURNS,
  describeProblems,
  parse,
  type CutResult,
  type JournalEntry,
  type Parsed,
  type ScriptEvent,
  type ScriptName,
  type ScriptResult,
  type WordTiming,
} from '#pipeline';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsNotEmpty, IsNumber, IsOptional, IsString, Min, ValidateNested } from 'class-validator';

class MadeByModel {
  @IsString()
  @IsNotEmpty()
  model: string;
}

class WrittenByModel extends MadeByModel {
  @IsInt()
  @Min(0)
  input_tokens: number;

  @IsInt()
  @Min(0)
  output_tokens: number;
}

class SpokenWord implements WordTiming {
  @IsString()
  @IsNotEmpty()
  word: string;

  @IsInt()
  @Min(0)
  start_ms: number;

  @IsInt()
  @Min(0)
  end_ms: number;
}

class Narration extends MadeByModel {
  @IsInt()
  @Min(0)
  characters: number;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => SpokenWord)
  words: SpokenWord[];
}

class SceneTime {
  @IsInt()
  @Min(0)
  start_ms: number;

  @IsInt()
  @Min(1)
  duration_ms: number;
}

class Cut implements CutResult {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => SceneTime)
  scenes: SceneTime[];

  @IsOptional()
  @IsNumber()
  loudness_lufs?: number;

  @IsOptional()
  @IsNumber()
  true_peak_dbtp?: number;

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Finding)
  findings: Finding[];
}

class Moment {
  @IsInt()
  @Min(0)
  at_ms: number;
}

const nothing = (): Parsed<Record<string, never>> => ({ ok: true, value: {} });
const madeByModel = (data: unknown) => parse(MadeByModel, data);

/** What each script reports besides its file. */
const RESULTS: { readonly [N in ScriptName]: (data: unknown) => Parsed<ScriptResult<N>> } = {
  'write-storyboard': (data) => parse(WrittenByModel, data),
  'generate-asset': madeByModel,
  'create-composite': nothing,
  'create-split-screen': nothing,
  'generate-video': madeByModel,
  'generate-audio': (data) => parse(Narration, data),
  'generate-sound-effects': madeByModel,
  'assemble-video': (data) => parse(Cut, data),
  'create-thumbnail': (data) => parse(Moment, data),
};

/**
 * What a line on a script's stdout says; null when it says nothing that matters here, or counts what cannot be. Neither must cost a paid job.
 * @throws Error when an event is not what the script's contract promises
 */
export function heard<N extends ScriptName>(name: N, line: string): ScriptEvent<N> | null {
  const { event, provider_job_id, file, result, of, count, done, total } = fieldsOf(line);
  if (event === 'submitted') {
    if (typeof provider_job_id !== 'string' || !provider_job_id) throw new Error('it submitted a job and did not say which');
    return { event, provider_job_id };
  }
  if (event === 'turn') {
    const turn = TURNS.find((known) => known === of);
    if (!turn) throw new Error('it asked for a turn that there is not');
    return { event, of: turn };
  }
  if (event === 'at_once') return typeof count === 'number' && count > 0 ? { event, count } : null;
  if (event === 'progress') return isAmount(done) && isAmount(total) && total > 0 && done <= total ? { event, done, total } : null;
  if (event !== 'done') return null;
  return { event, file: String(file), result: resultOf(name, result) };
}

/** What a paid call came to, as its journal says; the result is what the script says it is, unchecked. */
export type Outcome =
  | { event: 'calling' | 'void' }
  | { event: 'submitted'; providerJobId: string }
  | { event: 'done'; result: unknown }
  | { event: 'failed'; failure: Failure };

/** The last word of a journal: what is done counts before what was submitted, and that before what failed. Lines that a crash has cut off are passed over. */
export function outcomeOf(journal: string): Outcome {
  const entries = journal.split('\n').map(fieldsOf);
  const last = (event: JournalEntry['event']) => entries.findLast((entry) => entry.event === event);
  const done = last('done');
  if (done) return { event: 'done', result: done.result };
  const providerJobId = last('submitted')?.provider_job_id;
  if (typeof providerJobId === 'string') return { event: 'submitted', providerJobId };
  const failure = Failure.parse(JSON.stringify(last('failed')?.failure ?? null));
  if (failure) return { event: 'failed', failure };
  return { event: last('void') ? 'void' : 'calling' };
}

/**
 * What a script has reported besides its file.
 * @throws Error when it is not what the script's contract promises
 */
export function resultOf<N extends ScriptName>(name: N, result: unknown): ScriptResult<N> {
  const parsed = RESULTS[name](result);
  if (parsed.ok) return parsed.value;
  throw new Error(`it reported a wrong result: ${describeProblems(parsed.problems)}`);
}

function isAmount(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0;
}

function fieldsOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
