/** Clocks of zones: `AT TIME ZONE`, which is the function timezone. */
import { createZone, isZone, type Zone } from '../../messages/time-zone.ts';
import type { SqlFunction } from '../function.ts';
import { TIMESTAMP, TIMESTAMPTZ, VARCHAR } from '../kinds.ts';
import { ofTypes, remembered, scalar, T_TIMESTAMP, T_TIMESTAMPTZ } from '../overloads.ts';
import { SqlError } from '../value.ts';

export const ZONE_FUNCTIONS: readonly SqlFunction[] = [
  scalar(
    {
      name: 'timezone',
      summary:
        "The same as `t AT TIME ZONE zone`. Of a TIMESTAMP, which is read as a clock of the zone, the TIMESTAMPTZ; of a TIMESTAMPTZ what the zone's clock shows, as a TIMESTAMP.",
      example: "timezone('Europe/Berlin', TIMESTAMPTZ '2026-07-01 10:00:00+00') = TIMESTAMP '2026-07-01 12:00:00'",
    },
    ofTypes([VARCHAR, TIMESTAMP], T_TIMESTAMPTZ, (types, [constant]) => {
      const [zoneOf, read] = [remembered(zoneNamed, constant), TIMESTAMP.reader(types[1]!)];
      return ([zone = null, time = null]) => zoneOf(String(zone)).epochMs(read(time));
    }),
    ofTypes([VARCHAR, TIMESTAMPTZ], T_TIMESTAMP, (types, [constant]) => {
      const [zoneOf, read] = [remembered(zoneNamed, constant), TIMESTAMPTZ.reader(types[1]!)];
      return ([zone = null, time = null]) => zoneOf(String(zone)).clockMs(read(time));
    }),
  ),
];

function zoneNamed(name: string): Zone {
  if (!isZone(name)) throw new SqlError(`there is no time zone ${JSON.stringify(name)}; write one as 'Europe/Berlin'`);
  return createZone(name);
}
