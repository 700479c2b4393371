import { Option } from '@commander-js/extra-typings';

/** What can be changed, for the end of a command’s help: inside 80 columns, since help of this place is not wrapped. */
export const CHANGES_HELP = `
What can be changed:
  caps.hours=N            compute hours of all trainings together, at least 1
  caps.images=N|none      training images, all classes together
  caps.rounds=N           rounds
  target=0…1|none         none goes on until more images stop helping
  training.hours=N|none   whole compute hours of one training; none for what is
                          suggested
  delta.kind=KIND         fixed, geometric or forecast
  delta.factor=X          growth of the images a class each round, above 1
  delta.imagesPerClass=N  new images per class each round
  collector.path=PLACE    where the pool’s files lie now
  service=PROFILE         a vision service that the worker knows`;

/** `--set key=value`, as often as there is something to change. */
export function setOption() {
  return new Option(
    '--set <key=value>',
    'what to change, such as caps.hours=30 or target=none; may be given again',
  ).argParser((value: string, before: string[] | undefined) => [...(before ?? []), value]);
}
