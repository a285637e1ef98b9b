import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  FileToUpload,
  UNIT,
  ask,
  placeOf,
  put,
  reached,
  sha256,
  standing,
  startYouTube,
  type Access,
  type SimulatedYouTube,
} from '../../../../../../test/youtube/simulated-youtube.js';

let tube: SimulatedYouTube;
let access: Access;
let uploads: FileToUpload;
beforeAll(async () => {
  tube = await startYouTube();
  access = await tube.connect();
  uploads = new FileToUpload(tube, access, file);
});
beforeEach(() => set({}));
afterAll(() => tube.close());

const set = (settings: object) => tube.control('PUT', '', { uploads_a_day: null, units_a_day: null, ...settings });
const file = randomBytes(4 * UNIT + 12_345);
const whole = [{ bytes: file.length, sha256: sha256(file) }];
describe('a chunk that is cut off', () => {
  const byte = UNIT + 1_001;

  it('before it is kept, leaves what was there', async () => {
    await set({ next: [{ on: 'chunk', answer: 'cut_before', at_byte: 3 * UNIT + 7 }] });
    const { title, session } = await uploads.open();
    await put(session, file, { end: UNIT });
    await expect(put(session, file, { first: UNIT })).rejects.toThrow();
    expect(standing(await ask(session, file.length))).toEqual(reached(UNIT));
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });

  it('after it is kept, leaves exactly so many bytes, in whichever chunk that byte comes', async () => {
    await set({ next: [{ on: 'chunk', answer: 'cut_after', at_byte: byte }] });
    const { title, session } = await uploads.open();
    expect((await put(session, file, { end: UNIT })).status).toBe(308);
    await expect(put(session, file, { first: UNIT })).rejects.toThrow();
    expect(standing(await ask(session, file.length))).toEqual(reached(byte));
    expect(standing(await put(session, file, { first: byte, end: byte + 2 * UNIT }))).toEqual(reached(byte + 2 * UNIT));
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });

  it('at its very end is kept whole, and a last one has made the video', async () => {
    await set({
      next: [
        { on: 'chunk', answer: 'cut_after', at_byte: 2 * UNIT },
        { on: 'chunk', answer: 'cut_after', at_byte: file.length },
      ],
    });
    const { title, session } = await uploads.open();
    await expect(put(session, file, { end: 2 * UNIT })).rejects.toThrow();
    expect(standing(await ask(session, file.length))).toEqual(reached(2 * UNIT));
    await expect(put(session, file, { first: 2 * UNIT })).rejects.toThrow();
    const [video] = await uploads.shown(title);
    expect(await (await ask(session, file.length)).json()).toMatchObject({ id: video?.id });
    expect(await uploads.shown(title)).toHaveLength(1);
  });

  it('as a whole is kept, or not', async () => {
    await set({
      next: [
        { on: 'chunk', answer: 'cut_before' },
        { on: 'chunk', answer: 'cut_after' },
      ],
    });
    const { title, session } = await uploads.open();
    await expect(put(session, file)).rejects.toThrow();
    expect(standing(await ask(session, file.length))).toEqual(reached(0));
    await expect(put(session, file)).rejects.toThrow();
    expect((await ask(session, file.length)).status).toBe(201);
    expect(await uploads.shown(title)).toHaveLength(1);
  });

  it('by its client is kept in whole units, and never less than was confirmed', async () => {
    await set({ next: [{ on: 'chunk', answer: 'cut_after', at_byte: byte }] });
    const { title, session } = await uploads.open();
    await expect(put(session, file)).rejects.toThrow();
    const sending = begin(session, `bytes ${byte}-${file.length - 1}/${file.length}`, file.length - byte);
    sending.write(file.subarray(byte, byte + 100));
    await sleep(50);
    sending.destroy();
    await sleep(50);
    expect(standing(await ask(session, file.length))).toEqual(reached(byte));
    const more = begin(session, `bytes ${byte}-${file.length - 1}/${file.length}`, file.length - byte);
    more.write(file.subarray(byte, 3 * UNIT + 100));
    await sleep(50);
    more.destroy();
    await sleep(50);
    expect(standing(await ask(session, file.length))).toEqual(reached(3 * UNIT));
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });

  it('is at its end when another request comes, which finds nothing in its way', async () => {
    const { title, session } = await uploads.open();
    const slow = begin(session, `bytes 0-${file.length - 1}/${file.length}`, file.length);
    slow.write(file.subarray(0, UNIT + 500));
    await sleep(50);
    expect(standing(await ask(session, file.length))).toEqual(reached(UNIT));
    slow.write(file.subarray(UNIT + 500, 2 * UNIT));
    expect((await put(session, file, { first: UNIT })).status).toBe(201);
    slow.end(file.subarray(2 * UNIT));
    await sleep(50);
    expect(await uploads.shown(title)).toMatchObject(whole);
  });

  it('and comes to life again publishes nothing a second time', async () => {
    const { title, session } = await uploads.open();
    const slow = begin(session, `bytes 0-${file.length - 1}/${file.length}`, file.length);
    slow.write(file.subarray(0, 500));
    await sleep(50);
    expect((await put(session, file)).status).toBe(201);
    slow.end(file.subarray(500));
    await sleep(50);
    expect(await uploads.shown(title)).toMatchObject(whole);
  });
});

describe('keeping fewer bytes than were sent', () => {
  it('leaves a multiple of 256 KiB to chance, the same for a seed, and the sum stays right', async () => {
    const kept = async (seed: number) => {
      await set({ seed, keep: 1 });
      const { title, session } = await uploads.open();
      const places = [];
      for (let round = 0; round < 6; round++) {
        const answer = await put(session, file, { first: placeOf(await ask(session, file.length)) });
        expect(answer.status).toBe(308);
        places.push(placeOf(answer));
      }
      await set({});
      expect(await uploads.finish(session, title)).toMatchObject(whole);
      return places;
    };
    const [one, same, other] = [await kept(1), await kept(1), await kept(2)];
    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
    for (const place of [...one, ...other]) {
      expect([place % UNIT, place < file.length]).toEqual([0, true]);
    }
  });

  it('can be ordered to the byte', async () => {
    await set({
      next: [
        { on: 'chunk', answer: 'keep_less', at_byte: 2 * UNIT },
        { on: 'chunk', answer: 'keep_less', at_byte: 2 * UNIT + 5 },
      ],
    });
    const { title, session } = await uploads.open();
    expect(standing(await put(session, file))).toEqual(reached(2 * UNIT));
    expect(standing(await put(session, file, { first: 2 * UNIT }))).toEqual(reached(2 * UNIT + 5));
    expect(await uploads.finish(session, title)).toMatchObject(whole);
  });
});

/** A request whose body is still to come. */
function begin(session: string, range: string, length: number) {
  const sending = request(session, { method: 'PUT', headers: { 'content-range': range, 'content-length': length } });
  // Whoever goes away does not want to hear of it.
  sending.on('error', () => undefined);
  sending.flushHeaders();
  return sending;
}
