import { type ArgumentsHost, Catch, type ExceptionFilter, GoneException } from '@nestjs/common';

@Catch(GoneException)
export class ProblemFilter implements ExceptionFilter<GoneException> {
  catch(exception: GoneException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse();
    response.status(exception.getStatus()).send({ problem: exception.message });
  }
}
