// Appointments in a coach's calendar on Cyrus, where it may be started.
import { SERVERS, startCyrus } from '../harness/caldav.mjs';
import { writtenTo } from './writing.mjs';

if (SERVERS.includes(startCyrus)) writtenTo(startCyrus);
