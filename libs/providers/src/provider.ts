import type { WordTiming } from '#pipeline';

/** What the pipeline needs of the world outside, each port served by the provider that configuration chooses. */
export interface Ports {
  text: TextModel;
  image: ImageModel;
  clip: ClipModel;
  speech: SpeechModel;
  effect: EffectModel;
  host: ImageHost;
}
export type Port = keyof Ports;

/** Writes text that is a JSON document. */
export interface TextModel {
  /**
   * Has the model answer with JSON of the given schema. The answer is JSON; whether it keeps to the schema is the caller's to check.
   * @throws Failure as the provider's answer means
   */
  writeJson(request: {
    model: string;
    instructions: string;
    prompt: string;
    schema: object;
  }): Promise<{ data: unknown; model: string; inputTokens: number; outputTokens: number }>;
}

export const ASPECT_RATIOS = ['16:9', '9:16', '1:1'] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];

/** A picture that shows a model how something looks. */
export interface Reference {
  readonly bytes: Buffer;
  readonly mimeType: string;
}

/** Draws pictures. */
export interface ImageModel {
  /**
   * Draws one picture, in whatever format the provider likes.
   * @throws Failure as the provider's answer means; permanent, with the reason, when it refuses or draws nothing
   */
  drawImage(request: {
    model: string;
    prompt: string;
    aspectRatio: AspectRatio;
    /** What is to look the same, the most important first; a model that takes fewer leaves out the last. */
    references: readonly Reference[];
  }): Promise<{ bytes: Buffer; model: string }>;
}

/** How somebody waits for a provider's job. */
export interface Waiting {
  readonly signal: AbortSignal;
  /** Resolves when one more question may be asked: everybody with the same key shares the provider's limit. */
  turn(): Promise<void>;
  /** Resolves after that time (ms), or as soon as there is news of the job. */
  pause(ms: number): Promise<void>;
}

/** Makes clips from pictures, as jobs that are billed when they are accepted. */
export interface ClipModel {
  /**
   * Submits a clip and returns the job's id. Once sent, the request is never aborted: a job whose id nobody reads is paid for in vain.
   * `callbackUrl` is told when the job is over, whether or not its id was ever heard.
   * @throws Failure with `billed: 'unknown'` when the answer was lost
   */
  submitClip(request: { model: string; imageUrl: string; motion: string; seconds: number; callbackUrl?: string }): Promise<string>;
  /**
   * Waits until a job is over and returns the clip's URL. A job goes on whether anybody waits or not.
   * @throws Failure with `endsJob` when there will be no clip
   */
  waitForClip(jobId: string, waiting: Waiting): Promise<string>;
  /** Saves a clip to a file. */
  download(url: string, path: string, signal: AbortSignal): Promise<void>;
}

/** Reads texts aloud. */
export interface SpeechModel {
  /**
   * Speaks a text: an MP3, the characters that were billed, and when each word is said.
   * @throws Failure as the provider's answer means
   */
  speak(request: {
    model: string;
    voice: string;
    text: string;
    language: string;
    /** What is said before and after, for models that then speak it as one piece. */
    before?: string;
    after?: string;
  }): Promise<{ audio: Buffer; characters: number; words: WordTiming[] } & Load>;
}

/** Makes sound effects. */
export interface EffectModel {
  /**
   * Makes a sound effect of that length (s, 0.5 to 30): an MP3.
   * @throws Failure as the provider's answer means
   */
  soundEffect(request: { model: string; prompt: string; seconds: number }): Promise<{ audio: Buffer } & Load>;
}

/** What a provider says of its own limits beside an answer. */
interface Load {
  /** Requests that the account may have open at once. */
  readonly atOnce?: number;
}

/** Puts pictures where a clip model can fetch them. */
export interface ImageHost {
  /** Returns the public URL of a picture; it should last for an hour at least. */
  hostImage(path: string, signal: AbortSignal): Promise<string>;
}

/** Prices (USD) by port: a million tokens, an image, a second of clip, a thousand characters, a sound effect. */
export interface Prices {
  text: { readonly input: number; readonly output: number };
  image: number;
  clip: number;
  speech: number;
  effect: number;
}
export type ModelPort = keyof Prices;

/** Where a provider is reached and with what. */
interface Access {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** How a provider serves a port. Its client is loaded when it is first needed: some are large. */
export interface Offer<P extends ModelPort> {
  /**
   * The models that are known and what each costs, unless configuration says otherwise; the first is the one that is used, unless configuration names
   * another. Of a model that is not known here the dearest price is taken.
   */
  readonly models: Readonly<Record<string, Prices[P]>>;
  readonly open: (access: Access) => Promise<Ports[P]>;
}

/**
 * A provider, in one constant of one file; with a line in the registry it is chosen by configuration, and its settings, its entry in
 * `.env.example` and its check in `npm run doctor` follow from what stands here. Models and prices are those known on 2026-11-20.
 */
export interface Provider {
  /** As people know it. */
  readonly title: string;
  readonly baseUrl: string;
  /** It takes no key. */
  readonly keyless?: true;
  /** The simulator plays it, under `/<name>` (and `/<name>-host`). */
  readonly simulated?: true;
  /** Requests that may be open at once over all processes, unless configuration or the provider says otherwise. */
  readonly atOnce?: number;
  /** Asks something that costs nothing, to find out whether key and models are good; returns what there is to say. */
  readonly check?: (access: Access, models: readonly string[], signal: AbortSignal) => Promise<string>;
  readonly text?: Offer<'text'>;
  readonly image?: Offer<'image'>;
  readonly clip?: Offer<'clip'> & {
    /** Lengths that a model makes (s), shortest first. */
    readonly seconds: (model: string) => readonly number[];
  };
  readonly speech?: Offer<'speech'>;
  readonly effect?: Offer<'effect'>;
  readonly host?: {
    /** Where it is not the provider's own address. */
    readonly baseUrl?: string;
    readonly open: (access: Access) => Promise<ImageHost>;
  };
}
