import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import type { ObserveOptions } from '../observe/options.js';
import type { DoctorCheck } from './lockkeeper.js';

/** Whether what listens to runs can write where it is to. Sends nothing: a receiver is not to hear of a check. */
export function checkObservers(observe: ObserveOptions | null): readonly DoctorCheck[] {
  if (observe === null) return [];
  const { log, metrics, webhooks } = observe;
  return [
    ...(log === null || log.file === null ? [] : [writable('log', log.file)]),
    ...(metrics === null ? [] : [writable('metrics', metrics.file), ...nameOf(metrics.file)]),
    ...webhooks.map(({ url, secret }): DoctorCheck => ({
      check: 'webhook',
      status: 'ok',
      message: `${new URL(url).origin} is told of runs${secret === null ? ', without a signature' : ''}.`,
    })),
  ];
}

function writable(check: string, file: string): DoctorCheck {
  const folder = dirname(file);
  try {
    accessSync(folder, constants.W_OK);
    return { check, status: 'ok', message: `${file} can be written.` };
  } catch (error) {
    return {
      check,
      status: 'problem',
      message: `${file} cannot be written: ${(error as Error).message}.`,
      hint: `Make the folder ${folder}, and give the user that runs Lockkeeper the right to write there.`,
    };
  }
}

function nameOf(file: string): readonly DoctorCheck[] {
  if (file.endsWith('.prom')) return [];
  return [
    {
      check: 'metrics',
      status: 'warning',
      message: `${file} does not end in .prom, so the textfile collector of node_exporter does not read it.`,
      hint: 'Give it a name that ends in .prom.',
    },
  ];
}
