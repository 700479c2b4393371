import { fail, runService } from './run-service.ts';

runService().catch(fail);
