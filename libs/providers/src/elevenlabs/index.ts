export { ElevenLabs } from './elevenlabs.js';
