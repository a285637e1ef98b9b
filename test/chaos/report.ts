import type { ChaosReport } from './run.js';

/** A run's report, for people. */
export function describeReport({ options, findings, reviewer, ...report }: ChaosReport): string {
  const table = (rows: readonly (readonly (string | number)[])[]) =>
    rows
      .map((row) => `  ${row.map((cell, index) => (index === 0 ? String(cell).padEnd(16) : String(cell).padStart(10))).join('')}`)
      .join('\n');
  const seconds = (list: readonly number[]) => (list.length === 0 ? 'none' : list.map((ms) => `${(ms / 1_000).toFixed(1)} s`).join(', '));
  const counts = (object: object) =>
    Object.entries(object)
      .map(([name, count]) => `${name.replaceAll('_', ' ')} ${String(count)}`)
      .join(', ') || 'none';
  const bills = findings.bills.map(({ operation, items, billed, cut, recorded, lost }) => [operation, items, billed, cut, recorded, lost]);
  const byHand = reviewer.redrives.map(({ code, by, message }) => `  ${code} (${by}): ${message.slice(0, 140)}`);
  return `
Chaos, seed ${options.seed}: ${findings.published} of ${options.videos} published, ${report.minutes.toFixed(1)} minutes
blows            ${counts(report.blows)}
killed at        ${report.crashed.length} waypoints${report.crashed.length > 0 ? `:\n  ${report.crashed.sort().join('\n  ')}` : ''}
faults injected  ${counts(findings.faults)}; ${(findings.recoveredShare * 100).toFixed(1)} % recovered without a person
by hand          ${reviewer.approvals} approvals, ${reviewer.redrives.length} redrives${byHand.length > 0 ? `:\n${byHand.join('\n')}` : ''}
whole again      ${seconds(report.wholeAgainMs)} after Redis was emptied or restarted
webhook          without Redis ${report.webhook.withoutRedis.join(', ') || '-'}; without Postgres ${report.webhook.withoutPostgres.join(', ') || '-'}, sent again ${report.webhook.withoutPostgresLater.join(', ') || '-'}
taken over       ${report.takenOver} items whose worker woke up too late and committed nothing
graceful stops   ${seconds(report.gracefulStopsMs)}
alerts           ${findings.alerts.incidents} terminal failures, told ${findings.alerts.delivered} times in two places, ${findings.alerts.doubled} times once too often
files            ${findings.files} artifacts, each with its file
items            tried at most ${findings.mostTries} times; the longest clip took ${findings.longestClipSeconds} s under a lock of 30 s

${table([['paid for', 'items', 'billed', 'cut', 'recorded', 'lost'], ...bills])}
${findings.lost.map(({ provider, operation, note, artifact, made_again }) => `  lost: ${provider} ${operation} of ${artifact}${made_again ? ', made again after it was reported' : ''}: ${note.slice(0, 120)}`).join('\n')}

${findings.wrong.length === 0 ? 'Nothing was lost, doubled or left lying about.' : `WRONG:\n${findings.wrong.map((line) => `  - ${line}`).join('\n')}`}
`;
}
