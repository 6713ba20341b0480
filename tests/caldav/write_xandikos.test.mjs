// Appointments in a coach's calendar on Xandikos.
import { startXandikos } from '../harness/caldav.mjs';
import { writtenTo } from './writing.mjs';

writtenTo(startXandikos);
