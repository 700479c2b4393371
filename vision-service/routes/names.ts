import { z } from 'zod';
import { ResourceNameSchema } from '../../vision/contract.ts';

/** The path of a dataset or model. */
export const OneName = z.object({ name: ResourceNameSchema });
/** The path of what belongs to a model. */
export const ModelName = z.object({ model: ResourceNameSchema });
export const NameOfModel = z.object({ model: ResourceNameSchema, name: ResourceNameSchema });
