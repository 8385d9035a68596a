package example;

import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An API that accepts access tokens of Latchkey. */
@SpringBootApplication
@RestController
public class Application {
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @GetMapping("/hello")
  Map<String, Object> hello(@AuthenticationPrincipal Jwt token) {
    List<String> roles = token.getClaimAsStringList("roles");
    return Map.of("user", token.getSubject(), "roles", roles == null ? List.of() : roles);
  }

  @GetMapping("/admin")
  Map<String, String> admin() {
    return Map.of("secret", "for administrators");
  }
}
