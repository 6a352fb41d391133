/** What a weather provider said: the event type of the weather domain. */
import { type AvroRecord, type FromAvro, NAMESPACE, TIMESTAMP_MILLIS } from '../messages/avro.ts';
import { eventType } from '../messages/codec.ts';

export const weatherObservationSchema = {
  type: 'record',
  name: 'WeatherObservation',
  namespace: NAMESPACE,
  doc: 'What a provider said at fetchedAt about the weather at one place and hour. Nothing is imputed: a gap is null.',
  fields: [
    { name: 'provider', type: 'string' },
    { name: 'place', type: 'string', doc: 'Our name of the location that was asked for, never the echoed grid cell.' },
    { name: 'observedAt', type: TIMESTAMP_MILLIS },
    { name: 'fetchedAt', type: TIMESTAMP_MILLIS },
    { name: 'temperatureCelsius', type: ['null', 'double'] },
    { name: 'humidityPercent', type: ['null', 'double'] },
    { name: 'precipitationMm', type: ['null', 'double'], doc: 'Sum of the preceding hour.' },
    { name: 'windSpeedKmh', type: ['null', 'double'] },
    { name: 'pressureHpa', type: ['null', 'double'] },
  ],
} as const satisfies AvroRecord;
export type WeatherObservation = FromAvro<typeof weatherObservationSchema>;

export const weatherObservationType = eventType(weatherObservationSchema);
