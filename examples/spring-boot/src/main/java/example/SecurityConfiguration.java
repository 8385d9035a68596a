package example;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;
import org.springframework.security.web.SecurityFilterChain;

@Configuration
class SecurityConfiguration {

  @Bean
  SecurityFilterChain security(HttpSecurity http) throws Exception {
    JwtAuthenticationConverter roles = new JwtAuthenticationConverter();
    roles.setJwtGrantedAuthoritiesConverter(token -> {
      var names = token.getClaimAsStringList("roles");
      return names == null ? java.util.List.of()
          : names.stream().<org.springframework.security.core.GrantedAuthority>map(SimpleGrantedAuthority::new).toList();
    });
    return http
        .authorizeHttpRequests(requests -> requests
            .requestMatchers("/admin").hasRole("ADMIN") // ROLE_ADMIN
            .anyRequest().authenticated())
        .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .csrf(csrf -> csrf.disable()) // there are no cookies
        .oauth2ResourceServer(server -> server.jwt(jwt -> jwt.jwtAuthenticationConverter(roles)))
        .build();
  }

  /** Accepts the type at+jwt (RFC 9068), which the decoder that Spring makes from issuer-uri refuses. */
  @Bean
  JwtDecoder decoder(@Value("${latchkey.issuer}") String issuer, @Value("${latchkey.audience}") String audience) {
    NimbusJwtDecoder decoder = NimbusJwtDecoder.withIssuerLocation(issuer).validateType(false).build();
    decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
        JwtValidators.createDefaultWithValidators(new JwtTypeValidator("at+jwt")),
        new JwtClaimValidator<Object>("iss", value -> value != null && issuer.equals(value.toString())),
        new JwtClaimValidator<java.util.List<String>>("aud", list -> list != null && list.contains(audience))));
    return decoder;
  }
}
