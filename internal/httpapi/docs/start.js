'use strict';

// Each form of the Authorize dialog takes the keyboard, so that the dialog would open at the last one.
const openAtFirstForm = {
  wrapComponents: {
    authorizationPopup: Original => class extends Original {
      componentDidMount() {
        const content = document.querySelector('.modal-ux-content');
        content.querySelector('input, button')?.focus();
        content.scrollTop = 0;
      }
    },
  },
};

// plugin.js, which is loaded before, adds itself to Swagger UI.
const element = document.querySelector('#swagger-ui');

window.ui = SwaggerUIBundle({
  url: new URL(element.dataset.contract, location.href).href,
  domNode: element,
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [openAtFirstForm],
  layout: 'BaseLayout',
  defaultModelsExpandDepth: -1,
  showExtensions: true,
  showCommonExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null, // do not send the contract to swagger.io
});
