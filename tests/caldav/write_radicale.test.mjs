// Appointments in a coach's calendar on Radicale.
import { startRadicale } from '../harness/caldav.mjs';
import { writtenTo } from './writing.mjs';

writtenTo(startRadicale);
