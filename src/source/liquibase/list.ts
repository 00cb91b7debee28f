import { ForeignListing } from '../foreign-listing.js';
import type { SourceListing, SourceProject } from '../list.js';
import type { SourceOptions } from '../options.js';
import type { Gathered } from './context.js';
import { changesetKey } from './history.js';

/** One migration for each changeset. What keeps a changelog from being read is told beside those that could be. */
export function listLiquibase(
  gathered: Gathered,
  {
    options,
    project,
    nonce,
  }: {
    readonly options: SourceOptions;
    readonly project: SourceProject;
    readonly nonce: string;
  },
): SourceListing {
  const listing = new ForeignListing(options, project);
  for (const changeset of gathered.changesets) {
    const key = changesetKey(changeset);
    const { place, content, runAlways, runOnChange, runsHere } = changeset;
    listing.add({
      version: key,
      name: '',
      path: place.path,
      downPath: null,
      foreignKey: key,
      // One that always runs is never the same.
      content: runAlways ? `${content}${nonce}` : content,
      repeatable: runAlways || runOnChange,
      keepsPlace: true,
      ...(runsHere ? {} : { excluded: true as const }),
    });
  }
  const { files, problems } = listing.result();
  return { files, problems: [...gathered.problems, ...problems] };
}
