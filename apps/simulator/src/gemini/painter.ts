import { createHash } from 'node:crypto';
import sharp from 'sharp';

/** Pixels of a 1K picture for each aspect ratio that can be asked for. */
const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  '16:9': [1344, 768],
  '9:16': [768, 1344],
  '1:1': [1024, 1024],
  '4:3': [1152, 864],
  '3:4': [864, 1152],
  '3:2': [1248, 832],
  '2:3': [832, 1248],
  '5:4': [1120, 896],
  '4:5': [896, 1120],
  '21:9': [1536, 672],
  '4:1': [2048, 512],
  '1:4': [512, 2048],
  '8:1': [2816, 352],
  '1:8': [352, 2816],
};
const SCALES: Readonly<Record<string, number>> = { '1K': 1, '2K': 2, '4K': 4 };

export const ASPECT_RATIOS = Object.keys(SIZES);
export const IMAGE_SIZES = Object.keys(SCALES);

/**
 * A PNG that shows what its prompt says, as far as a few shapes can: a place under its sky, or somebody on a plain ground; and the prompt's words.
 * Who is in the references is drawn in their colours.
 */
export async function paint(prompt: string, aspectRatio: string, size: string, references: readonly Buffer[]): Promise<Buffer> {
  const [width, height] = SIZES[aspectRatio] ?? [1344, 768];
  const scale = SCALES[size] ?? 1;
  const random = randomFrom(prompt);
  const portrait = /plain .*ground/i.test(prompt);
  const colors = await Promise.all(references.map(colorOf));
  const [known] = colors;
  const scene = portrait
    ? `<rect width="100%" height="100%" fill="#f4f2ec"/>${creature(width, height, random, known ?? `hsl(${Math.round(random() * 360)},45%,38%)`)}`
    : landscape(width, height, prompt, random) + colors.map((color, index) => placed(width, height, random, color, index)).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * scale}" height="${height * scale}" viewBox="0 0 ${width} ${height}">${scene}${caption(prompt, width, height, portrait ? 0.47 : 0.08)}</svg>`;
  return sharp(Buffer.from(svg)).png({ compressionLevel: 3 }).toBuffer();
}

/** The colour of whoever stands in the middle of a picture. */
async function colorOf(picture: Buffer): Promise<string> {
  const { width, height } = await sharp(picture).metadata();
  const region = {
    left: Math.round(width * 0.45),
    top: Math.round(height * 0.36),
    width: Math.round(width * 0.1),
    height: Math.round(height * 0.06),
  };
  const { channels } = await sharp(picture).extract(region).stats();
  const [red, green, blue] = channels.map(({ mean }) => Math.round(mean));
  return `rgb(${red ?? 0},${green ?? 0},${blue ?? 0})`;
}

/** Somebody small in a wide view. */
function placed(width: number, height: number, random: Random, color: string, index: number): string {
  return `<g transform="translate(${width * (0.25 + index * 0.2)},${height * 0.55}) scale(0.35)">${creature(width, height, random, color)}</g>`;
}

type Random = () => number;

/** Numbers in [0, 1) that are always the same for the same text. */
function randomFrom(text: string): Random {
  let state = createHash('sha256').update(text).digest().readUInt32LE(0);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SKIES: [RegExp, [top: string, bottom: string]][] = [
  [/dawn|morning/i, ['#35507c', '#f6b58a']],
  [/dusk/i, ['#2a1f4d', '#e2725b']],
  [/moon|night/i, ['#050b1e', '#23406b']],
  [/cloud|storm|rain/i, ['#3b444e', '#8b969e']],
  [/./, ['#4b8fc9', '#cfe6f2']],
];

function landscape(width: number, height: number, prompt: string, random: Random): string {
  const [top, bottom] = SKIES.find(([words]) => words.test(prompt))?.[1] ?? ['#4b8fc9', '#cfe6f2'];
  const hue = /forest|meadow/i.test(prompt) ? 130 : /reef|sea|shore|river/i.test(prompt) ? 205 : Math.round(random() * 360);
  const hills = [0, 1, 2, 3].map((layer) => {
    const base = height * (0.5 + layer * 0.12);
    const points = Array.from(
      { length: 9 },
      (_, at) => `${Math.round((at / 8) * width)},${Math.round(base - random() * height * (0.2 - layer * 0.03))}`,
    );
    return `<path d="M0,${height} L${points.join(' L')} L${width},${height} Z" fill="hsl(${hue + layer * 6},${35 + layer * 5}%,${44 - layer * 9}%)"/>`;
  });
  const [sunX, sunY] = [width * (0.15 + random() * 0.7), height * (0.14 + random() * 0.2)];
  return `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${top}"/><stop offset="1" stop-color="${bottom}"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#sky)"/><circle cx="${sunX}" cy="${sunY}" r="${height * 0.07}" fill="#fff4d6" opacity="0.9"/>${hills.join('')}`;
}

function creature(width: number, height: number, random: Random, body: string): string {
  const [x, y, long, thick] = [width * 0.5, height * 0.5, width * (0.22 + random() * 0.06), height * (0.2 + random() * 0.06)];
  const fins = [-1, 1].map(
    (side) =>
      `<path d="M${x - long * 0.1},${y} q${-long * 0.2},${side * thick * 1.6} ${-long * 0.55},${side * thick * 1.5} q${long * 0.1},${-side * thick * 0.8} ${long * 0.55},${-side * thick * 1.2} z" fill="${body}" stroke="#222" stroke-width="3"/>`,
  );
  const tail = `<path d="M${x - long * 0.85},${y} l${-long * 0.45},${-thick * 0.9} l${long * 0.1},${thick * 0.9} l${-long * 0.1},${thick * 0.9} z" fill="${body}" stroke="#222" stroke-width="3"/>`;
  const spots = Array.from(
    { length: 7 },
    () =>
      `<circle cx="${x + (random() - 0.5) * long * 1.2}" cy="${y + (random() - 0.3) * thick * 0.8}" r="${thick * (0.05 + random() * 0.08)}" fill="#fff" opacity="0.35"/>`,
  );
  return `${fins.join('')}${tail}<ellipse cx="${x}" cy="${y}" rx="${long}" ry="${thick}" fill="${body}"/>
    <ellipse cx="${x + long * 0.1}" cy="${y + thick * 0.45}" rx="${long * 0.75}" ry="${thick * 0.42}" fill="#fff" opacity="0.4"/>${spots.join('')}
    <circle cx="${x + long * 0.7}" cy="${y - thick * 0.2}" r="${thick * 0.12}" fill="#fff"/><circle cx="${x + long * 0.72}" cy="${y - thick * 0.2}" r="${thick * 0.06}" fill="#111"/>`;
}

function caption(prompt: string, width: number, height: number, at: number): string {
  const words = prompt
    .replace(/[<>&"]/g, '')
    .split(/\s+/)
    .slice(0, 6)
    .join(' ');
  const size = Math.round(height * 0.032);
  // White on a dark outline can be read on every ground.
  return `<text x="${width / 2}" y="${height * at}" text-anchor="middle" font-family="DejaVu Sans, sans-serif" font-size="${size}" fill="#fff" stroke="#222" stroke-width="4" paint-order="stroke">${words}</text>`;
}
