export { Gemini } from './gemini.js';
