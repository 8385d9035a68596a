'use strict';

// plugin.js, which is loaded before, adds itself to Swagger UI.
const element = document.querySelector('#swagger-ui');

window.ui = SwaggerUIBundle({
  url: new URL(element.dataset.contract, location.href).href,
  domNode: element,
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  defaultModelsExpandDepth: -1,
  showExtensions: true,
  showCommonExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null, // do not send the contract to swagger.io
});
