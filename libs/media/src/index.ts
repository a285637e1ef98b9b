export { checksum } from './checksum.js';
export { composite, splitScreen } from './composite.js';
export { renderCut } from './cut.js';
export { ffmpeg } from './ffmpeg.js';
export { Manifest, planCut, sceneTimes, type CutScene } from './manifest.js';
export { expectMedia, probe, type MediaExpectation, type MediaInfo } from './probe.js';
export { Workspace, type FileOf } from './workspace.js';
