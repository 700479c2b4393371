import { Option } from '@commander-js/extra-typings';

/** `--set key=value`, as often as there is something to change. */
export function setOption() {
  return new Option(
    '--set <key=value>',
    'what to change, such as caps.hours=30 or target=none; may be given again',
  ).argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
}
