export { ARTIFACT_STATES, CALL_STATES, DECISIONS, type ArtifactState, type CallState, type Decision } from './artifacts.js';
export { expectedMs } from './expected-time.js';
export {
  Failure,
  diskFull,
  permanent,
  quotaExhausted,
  retryDelayMs,
  transient,
  waiting,
  wasNeverSent,
  RETRY_LADDER_MS,
  type Billed,
  type FailureKind,
  type FailureLine,
} from './failure.js';
export { FINDING_CODES, Finding, findingLines, inSeconds, madeForGate, passage, type FindingCode } from './findings.js';
export {
  CAPTION_POSITIONS,
  CORNERS,
  FITS,
  SHAPES,
  VIDEO_ENCODERS,
  THUMBNAIL_CANDIDATES,
  TITLE_POSITIONS,
  isMadeFrom,
  type Estimate,
  type ItemInput,
  type TitlePosition,
  type ItemInputs,
  type ItemResult,
  type ItemResults,
  type WordTiming,
  type CaptionPosition,
  type Corner,
  type CutResult,
  type Fit,
  type Shape,
  type VideoEncoder,
} from './items.js';
export { HEX_COLOR, IsCaptionSize, IsFontFamily, IsHexColor, IsOpacity, IsWatermarkWidth } from './look.js';
export { IsMoment } from './moment.js';
export { describeProblems, parse, problemsOf, withoutNulls, type Parsed, type Problem } from './parse.js';
export {
  FIRST_STEP,
  GATED_STEPS,
  GATES,
  ITEM_KINDS,
  RUN_AHEAD,
  STAGES,
  STAGE_NAMES,
  STEPS,
  gateAt,
  isAfter,
  isStageName,
  isStepName,
  shownAt,
  stepInfo,
  type Gate,
  type ItemKind,
  type StageName,
  type StepInfo,
  type StepName,
  type StepOf,
} from './stages.js';
export { PACIFIC_TIME, pacificDay, sincePacificMidnightMs, untilPacificMidnightMs } from './pacific-time.js';
export {
  PUBLICATION_STEPS,
  type PublicationState,
  type PublicationStepName,
  type PublicationStepState,
  type PublishedMetadata,
  type YouTubeVideo,
} from './publication.js';
export { asWritten, spoken, type Pronunciation } from './pronunciation.js';
export { PRIORITIES, priorityTitle, type Priority } from './priority.js';
export { progressInWords, progressOf, withReading, type ItemProgress, type ProgressReading } from './progress.js';
export {
  QueueForecast,
  type LaneForecast,
  type LanePlaces,
  type PlaceInLine,
  type StepWork,
  type VideoWork,
  type VideosInLine,
} from './queue-forecast.js';
export { formatRedo, parseRedo, type Redo, type RedoGroup, type RedoKind } from './redo.js';
export {
  ROW_PROPERTIES,
  ROW_PROPERTY_NAMES,
  propertyNames,
  type PropertyKind,
  type PropertyNames,
  type RowProperty,
} from './row-properties.js';
export { ROLES, includesRole, type Role } from './roles.js';
export {
  TURNS,
  type JournalEntry,
  type ScriptArguments,
  type ScriptEvent,
  type ScriptName,
  type ScriptResult,
  type TurnName,
} from './scripts.js';
export { STATUSES, statusFromTitle, statusTitle, type Status } from './statuses.js';
export {
  IMAGE_FOLDERS,
  IMAGE_ROLES,
  LAYOUTS,
  LONGEST_OWN_SCRIPT,
  STORYBOARD_JSON_SCHEMA,
  Storyboard,
  StoryboardImage,
  StoryboardScene,
  clipLength,
  imagePrompt,
  motionPrompt,
  narrationSeconds,
  parseStoryboard,
  referencesOf,
  type ImageRole,
  type Layout,
  type StoryboardDemands,
} from './storyboard.js';
export { DEAD_LETTER_QUEUE, HOUSEKEEPING_QUEUE, NOTION_QUEUE, TICKET_NAMES, type Ticket, type TicketName } from './tickets.js';
export { IN_WORK, TRANSITIONS, isLegalTransition } from './transitions.js';
export { usualItems, usualOutline, type VideoOutline } from './usual-video.js';
export {
  LONGEST_TAGS,
  LONGEST_TITLE,
  chaptersOf,
  fullDescription,
  publishTimeProblem,
  tagsLength,
  videoTextProblems,
  type VideoText,
} from './video-metadata.js';
export { WAYPOINTS, WAYPOINT_CHANNEL, reached, type Waypoint } from './waypoints.js';
export { DEFERRABLE_CALLS, RELEASE_CALLS, YOUTUBE_CALLS, YOUTUBE_CALL_UNITS, type YouTubeCall } from './youtube-quota.js';
