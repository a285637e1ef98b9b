export { checksum } from './checksum.js';
export { composite, splitScreen } from './composite.js';
export { clipSheet, contactSheet, cutSheet, narrationSheet, type SheetItem } from './contact-sheets.js';
export { renderCut } from './cut.js';
export { ffmpeg } from './ffmpeg.js';
export { Manifest, planCut, sceneTimes, type CutScene } from './manifest.js';
export { cutPreview, joinNarrations } from './preview.js';
export { expectMedia, probe, type MediaExpectation, type MediaInfo } from './probe.js';
export { Workspace, type FileOf } from './workspace.js';
