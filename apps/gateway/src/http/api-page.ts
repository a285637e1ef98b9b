import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { describeRoles } from '../access/roles.js';

/** Mounts the API's description, to read and to try, and as OpenAPI under the same route with `-json`. Whoever may look at anything may look at it. */
export function mountApiPage(app: INestApplication, route: string): void {
  const description = new DocumentBuilder()
    .setTitle('ai-video-generator')
    .setDescription(
      'Answers are `{"success":true,"data":...}`; collections carry `pagination`; errors are `{"success":false,"error":{...}}`.',
    )
    .addBearerAuth()
    .build();
  SwaggerModule.setup(route, app, () => describeRoles(SwaggerModule.createDocument(app, description)));
}
