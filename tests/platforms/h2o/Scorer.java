import ai.h2o.com.google.gson.JsonArray;
import ai.h2o.com.google.gson.JsonElement;
import ai.h2o.com.google.gson.JsonObject;
import ai.h2o.com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import hex.genmodel.MojoModel;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.RowData;
import hex.genmodel.easy.exception.PredictException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executors;

/**
 * H2O's REST scoring for one deployment, with H2O's own library behind it: the paths, bodies and answers of
 * the "MLOps Scoring REST API" (docs.h2o.ai), and what h2oai/mlops-dai-runtimes checks before it scores.
 *
 * <p>{@code java -cp h2o-genmodel.jar Scorer.java MOJO PORT DEPLOYMENT}, with the bearer token that it asks
 * for in the environment's TOKEN.
 */
public class Scorer {
  private final MojoModel model;
  private final EasyPredictModelWrapper wrapper;
  private final String token = System.getenv("TOKEN");

  /** An answer that is no prediction. */
  static class Refusal extends Exception {
    final int status;

    Refusal(int status, String message) {
      super(message);
      this.status = status;
    }
  }

  interface Answer {
    Object to(String body) throws Refusal, PredictException;
  }

  Scorer(String mojo) throws IOException {
    model = MojoModel.load(mojo);
    // H2O's scorer guesses on rather than refuse: what it cannot read is a missing value.
    wrapper = new EasyPredictModelWrapper(new EasyPredictModelWrapper.Config()
        .setModel(model)
        .setConvertUnknownCategoricalLevelsToNa(true)
        .setConvertInvalidNumbersToNa(true));
  }

  public static void main(String[] arguments) throws IOException {
    Scorer scorer = new Scorer(arguments[0]);
    int port = Integer.parseInt(arguments[1]);
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    String base = "/" + arguments[2];
    server.createContext(base + "/readyz", exchange -> reply(exchange, 200, "text/plain", "Ready"));
    server.createContext(base + "/model/id", exchange -> scorer.answer(exchange, "GET", body -> scorer.id()));
    server.createContext(
        base + "/model/schema", exchange -> scorer.answer(exchange, "GET", body -> scorer.schema()));
    server.createContext(base + "/model/score", exchange -> scorer.answer(exchange, "POST", scorer::score));
    server.setExecutor(Executors.newFixedThreadPool(2));
    server.start();
  }

  void answer(HttpExchange exchange, String method, Answer answer) throws IOException {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    if (!("Bearer " + token).equals(given)) {
      reply(exchange, 401, "text/plain", "Unauthorized");
      return;
    }
    try {
      if (!exchange.getRequestMethod().equals(method)) {
        throw new Refusal(405, "Method Not Allowed");
      }
      Object content = answer.to(new String(exchange.getRequestBody().readAllBytes(), "UTF-8"));
      reply(exchange, 200, content instanceof String ? "text/plain" : "application/json", content.toString());
    } catch (Refusal refusal) {
      reply(exchange, refusal.status, "application/json", problem(refusal.getMessage(), "value_error"));
    } catch (PredictException | RuntimeException error) {
      reply(exchange, 400, "application/json", problem(error.toString(), error.getClass().getName()));
    }
  }

  String id() {
    return model.getUUID();
  }

  JsonObject schema() {
    JsonArray inputs = new JsonArray();
    for (int column = 0; column < model.nfeatures(); column++) {
      inputs.add(field(model._names[column], model.getDomainValues(column) == null ? "Float64" : "Str"));
    }
    JsonArray outputs = new JsonArray();
    outputs.add(field("predict", "Float64"));
    JsonObject schema = new JsonObject();
    schema.add("inputFields", inputs);
    schema.add("outputFields", outputs);
    JsonObject all = new JsonObject();
    all.addProperty("id", id());
    all.add("schema", schema);
    return all;
  }

  JsonObject score(String body) throws Refusal, PredictException {
    JsonObject request = JsonParser.parseString(body).getAsJsonObject();
    JsonArray fields = request.getAsJsonArray("fields");
    JsonArray rows = request.getAsJsonArray("rows");
    check(fields, rows);
    JsonArray scores = new JsonArray();
    for (JsonElement row : rows) {
      JsonArray score = new JsonArray();
      score.add(Double.toString(wrapper.predictRegression(data(fields, row.getAsJsonArray())).value));
      scores.add(score);
    }
    JsonArray names = new JsonArray();
    names.add("predict");
    JsonObject reply = new JsonObject();
    reply.addProperty("id", id());
    reply.add("fields", names);
    reply.add("score", scores);
    return reply;
  }

  private void check(JsonArray fields, JsonArray rows) throws Refusal {
    if (rows == null || rows.size() == 0) {
      throw new Refusal(400, "List of input data rows cannot be empty");
    }
    Set<String> given = new HashSet<>();
    fields.forEach(name -> given.add(name.getAsString()));
    for (int column = 0; column < model.nfeatures(); column++) {
      if (!given.contains(model._names[column])) {
        throw new Refusal(400, "Input fields don't contain all the Mojo fields: " + model._names[column]);
      }
    }
  }

  private static RowData data(JsonArray fields, JsonArray row) throws Refusal {
    if (row.size() != fields.size()) {
      throw new Refusal(400, "Not enough elements in row");
    }
    RowData data = new RowData();
    for (int column = 0; column < fields.size(); column++) {
      JsonElement cell = row.get(column);
      if (!cell.isJsonPrimitive() || !cell.getAsJsonPrimitive().isString()) {
        throw new Refusal(422, "str type expected");
      }
      data.put(fields.get(column).getAsString(), cell.getAsString());
    }
    return data;
  }

  private static JsonObject field(String name, String type) {
    JsonObject field = new JsonObject();
    field.addProperty("name", name);
    field.addProperty("dataType", type);
    return field;
  }

  private static String problem(String message, String type) {
    JsonArray place = new JsonArray();
    place.add("body");
    JsonObject fault = new JsonObject();
    fault.add("loc", place);
    fault.addProperty("msg", message);
    fault.addProperty("type", type);
    JsonArray faults = new JsonArray();
    faults.add(fault);
    JsonObject all = new JsonObject();
    all.add("detail", faults);
    return all.toString();
  }

  private static void reply(HttpExchange exchange, int status, String type, String text) throws IOException {
    byte[] bytes = text.getBytes("UTF-8");
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }
}
