import { randomNumbers } from '../../loop/random.ts';
import { addPlaces, choosePlaces, type PlaceSamples } from './place-samples.ts';
import { inTurn, type TrainingPicture, type TrainingTools } from './training-parts.ts';

/** Places of a picture, and of all pictures together, that are learnt from; a place takes about 4 kB. */
const PLACES_PER_PICTURE = 400;
const PLACES_AT_MOST = 60_000;

/**
 * Places of all pictures to learn from. What is chosen in a picture depends on its position and the seed.
 *
 * @throws {RangeError} when there is no picture
 */
export async function gatherPlaces(
  pictures: readonly TrainingPicture[],
  { detection, pause, seed }: TrainingTools,
): Promise<PlaceSamples> {
  const most = Math.max(1, Math.min(PLACES_PER_PICTURE, Math.floor(PLACES_AT_MOST / pictures.length)));
  const look = async (picture: TrainingPicture) => {
    const maps = await picture.maps();
    return { frame: maps.frame, rows: await detection.placeRows(maps) };
  };
  let samples: PlaceSamples | undefined;
  for await (const { index, picture, result } of inTurn(pictures, pause, look)) {
    samples ??= emptySamples(result.rows.data.length / result.rows.count, pictures.length * most);
    const random = randomNumbers(seed + index);
    const choices = choosePlaces({ frame: result.frame, truths: picture.truths }, { most, random });
    addPlaces(samples, { index, ...result }, choices);
  }
  if (samples === undefined) throw new RangeError('A detector needs pictures to learn from');
  return { ...samples, rows: samples.rows.subarray(0, samples.labels.length * samples.features) };
}

function emptySamples(features: number, places: number): PlaceSamples {
  return { rows: new Float32Array(places * features), features, labels: [], sides: [], pictures: [] };
}
