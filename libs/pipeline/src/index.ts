export { ARTIFACT_STATES, DECISIONS, type ArtifactState, type Decision } from './artifacts.js';
export {
  Failure,
  permanent,
  quotaExhausted,
  retryDelayMs,
  transient,
  RETRY_LADDER_MS,
  type FailureKind,
  type FailureLine,
} from './failure.js';
export type { ClipSeconds, ItemInput, ItemInputs, ItemResult, ItemResults, WordTiming } from './items.js';
export { describeProblems, parse, problemsOf, type Parsed, type Problem } from './parse.js';
export {
  FIRST_STEP,
  GATED_STEPS,
  ITEM_KINDS,
  STAGES,
  STAGE_NAMES,
  STEPS,
  gateAt,
  isStageName,
  isStepName,
  stepInfo,
  type Gate,
  type ItemKind,
  type StageName,
  type StepInfo,
  type StepName,
  type StepOf,
} from './stages.js';
export { untilPacificMidnightMs } from './pacific-time.js';
export { PRIORITIES, type Priority } from './priority.js';
export type { ScriptArguments, ScriptEvent, ScriptName, ScriptResult } from './scripts.js';
export { STATUSES, statusFromTitle, statusTitle, type Status } from './statuses.js';
export {
  IMAGE_FOLDERS,
  IMAGE_ROLES,
  LAYOUTS,
  STORYBOARD_JSON_SCHEMA,
  Storyboard,
  StoryboardImage,
  StoryboardScene,
  narrationSeconds,
  parseStoryboard,
  type ImageRole,
  type Layout,
} from './storyboard.js';
export { HOUSEKEEPING_QUEUE, NOTION_QUEUE, TICKET_NAMES, type Ticket, type TicketName } from './tickets.js';
export { IN_WORK, TRANSITIONS, isLegalTransition } from './transitions.js';
