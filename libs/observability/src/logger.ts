import { settings, type Settings } from '#config';
import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';

/** Never logged, wherever they stand in an entry. */
const SECRETS = ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-notion-signature"]'];

/** JSON logs, one event a line, each with the service's name. */
export function loggerModule(service: string): DynamicModule {
  return LoggerModule.forRootAsync({
    inject: [settings.KEY],
    useFactory: (values: Settings) => ({
      pinoHttp: {
        level: values.LOG_LEVEL,
        base: { service },
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label: string) => ({ level: label }) },
        redact: SECRETS,
        autoLogging: false,
        quietReqLogger: true,
      },
    }),
  });
}
