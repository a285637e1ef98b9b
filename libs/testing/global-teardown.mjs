/** Jest's global teardown: stops what the global setup started. */
export default async function tearDown() {
  await globalThis.stopTestRun();
}
